using EdgeSeg.Publish;
using EdgeSeg.Update;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Release;

/// <summary>Puts a signed manifest on a broker, retained, or takes it away again.</summary>
internal static class Publication
{
    public static string DeviceTopic(string device) => $"edgeseg/v1/{device}/model/desired";

    public static string FleetTopic(string fleet) => $"edgeseg/v1/fleet/{fleet}/model/desired";

    /// <param name="options">The broker.</param>
    /// <param name="topic">A <c>model/desired</c>.</param>
    /// <param name="envelope">Null: withdraw.</param>
    /// <param name="serial">Of the manifest; one that does not exceed what lies there would be refused as replayed.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperatingException">The broker cannot be reached or refuses, or a newer manifest lies there.</exception>
    public static async Task RunAsync(LinkOptions options, string topic, byte[]? envelope, long serial, CancellationToken cancel)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        var retained = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.ApplicationMessageReceivedAsync += incoming =>
        {
            var message = incoming.ApplicationMessage;
            if (message.Retain && message.Topic == topic) retained.TrySetResult(message.Payload.Length > Limits.MaxEnvelopeBytes ? [] : System.Buffers.BuffersExtensions.ToArray(message.Payload));
            return Task.CompletedTask;
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limits.PublicationMs);
        try
        {
            await BrokerSession.ConnectAsync(client, options, limit.Token);
            if (envelope is not null && SerialOf(await RetainedAsync()) is { } there && there >= serial)
                throw new OperatingException($"a manifest of serial {there} lies on {topic}, and devices refuse one that is not greater: pack or reissue with --serial {there + 1} and sign that");
            var answer = await client.PublishAsync(Message(), limit.Token);
            if (!answer.IsSuccess) throw new OperatingException($"the broker refuses {topic}: {answer.ReasonCode} {answer.ReasonString}: this user may not write there; see deploy/mosquitto/edgeseg.acl, user release");
            await client.DisconnectAsync(new MqttClientDisconnectOptions(), limit.Token);
        }
        catch (Exception e) when (e is not OperatingException && !cancel.IsCancellationRequested)
        {
            throw new OperatingException($"the broker {options.Host}:{options.Port} did not take it ({e.GetBaseException().Message}): check --host, --port and the TLS options");
        }

        async Task<byte[]> RetainedAsync()
        {
            var answer = await client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(topic, MqttQualityOfServiceLevel.AtLeastOnce).Build(), limit.Token);
            // who may not read there cannot be warned
            if (answer.Items.Any(i => i.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2)) return [];
            await Task.WhenAny(retained.Task, Task.Delay(Limits.RetainedWaitMs, limit.Token));
            return retained.Task.IsCompletedSuccessfully ? retained.Task.Result : [];
        }

        MqttApplicationMessage Message() => new()
        {
            Topic = topic,
            PayloadSegment = envelope ?? [],
            Retain = true,
            QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
            ContentType = MqttLink.Json,
        };
    }

    /// <summary>Null: what lies there is nothing, or not a manifest; then it is in nobody's way.</summary>
    private static long? SerialOf(byte[] envelope)
    {
        try
        {
            return envelope.Length == 0 ? null : Manifest.Read(Envelope.Read(envelope).Manifest).Serial;
        }
        catch (UpdateException)
        {
            return null;
        }
    }
}

/// <summary>A connection of an operator's own.</summary>
internal static class BrokerSession
{
    public static async Task ConnectAsync(IMqttClient client, LinkOptions options, CancellationToken cancel)
    {
        var answer = await client.ConnectAsync(BrokerConnection.ClientOptions(options, options.ClientId ?? $"edgeseg-operator-{options.Session}").Build(), cancel);
        if (answer.ResultCode != MqttClientConnectResultCode.Success) throw new OperatingException($"the broker {options.Host}:{options.Port} refuses us: {answer.ResultCode} {answer.ReasonString}: check user, password and certificates");
    }
}
