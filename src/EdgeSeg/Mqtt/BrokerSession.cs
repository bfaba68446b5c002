using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Exceptions;

namespace EdgeSeg.Mqtt;

/// <summary>A short connection to a broker beside the link: of an operator's command, or of a check.</summary>
internal static class BrokerSession
{
    private static readonly MqttClientDisconnectOptions normalEnd = new()
    {
        Reason = MqttClientDisconnectOptionsReason.NormalDisconnection,
    };

    /// <param name="client">Not connected yet.</param>
    /// <param name="options">The broker.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="clientId">Null: that of the options, else one of this session.</param>
    /// <returns>What the broker accepts.</returns>
    /// <exception cref="OperatingException">The broker cannot be reached or refuses.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<MqttClientConnectResult> ConnectAsync(
        IMqttClient client,
        LinkOptions options,
        CancellationToken cancel,
        string? clientId = null
    )
    {
        var check = ClientOptions.CertificateCheck(options);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(options.ConnectTimeout);
        var id = clientId ?? options.ClientId ?? $"edgeseg-operator-{options.Session}";
        try
        {
            var answer = await client.ConnectAsync(ClientOptions.Create(options, id, check).Build(), limit.Token);
            if (answer.ResultCode != MqttClientConnectResultCode.Success)
                throw Failed(ConnectErrors.Describe(answer));
            return answer;
        }
        catch (Exception e) when (e is not OperatingException && !cancel.IsCancellationRequested)
        {
            // whatever the library throws while connecting (socket, TLS, protocol)
            throw Failed(limit.IsCancellationRequested ? ConnectErrors.NoAnswer(options) : ConnectErrors.Describe(e, check));
        }

        OperatingException Failed(string reason)
        {
            var text = PemFiles.WithDates(reason, options.Tls?.ClientCertificate, TimeProvider.System.GetUtcNow());
            return new($"broker {options.Host}:{options.Port}: {(options.IsOfCommandLine ? ConnectErrors.WithOptions(text) : text)}");
        }
    }

    /// <summary>Ends the connection without the last will. One that is gone already, or a broker that is silent, is no error.</summary>
    public static async Task EndAsync(IMqttClient client)
    {
        try
        {
            using var limit = new CancellationTokenSource(MqttLimits.LinkStopMs);
            if (client.IsConnected)
                await client.DisconnectAsync(normalEnd, limit.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or MqttCommunicationException)
        {
            // the connection is gone already
        }
    }
}
