using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>A message as a listener got it.</summary>
internal sealed record ReceivedMessage(
    string Topic,
    string Text,
    bool Retained,
    string? ContentType,
    uint ExpiryS,
    MqttQualityOfServiceLevel Qos
)
{
    public string? State => JsonDocument.Parse(Text).RootElement.TryGetProperty("state", out var state) ? state.GetString() : null;
}

/// <summary>A plain MQTT client on a socket that keeps whatever it receives.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();

    public ConcurrentQueue<ReceivedMessage> All { get; } = [];

    public IMqttClient Client => client;

    public static async Task<Listener> StartAsync(
        int port,
        string filter = "edgeseg/#",
        string? user = null,
        string? password = null,
        string? clientId = null
    )
    {
        var listener = new Listener();
        listener.client.ApplicationMessageReceivedAsync += listener.Keep;
        var options = new MqttClientOptionsBuilder().WithProtocolVersion(MqttProtocolVersion.V500).WithTcpServer("127.0.0.1", port);
        if (clientId is not null)
            options.WithClientId(clientId);
        if (user is not null)
            options.WithCredentials(user, password);
        var answer = await listener.client.ConnectAsync(options.Build());
        if (answer.ResultCode != MqttClientConnectResultCode.Success)
            throw new InvalidOperationException(answer.ResultCode.ToString());
        await listener.client.SubscribeAsync(
            new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce).Build()
        );
        return listener;
    }

    public Task UntilAsync(string what, Func<ReceivedMessage, bool> received) =>
        Wait.UntilAsync(() => All.Any(received), what + " is received");

    /// <summary>Drops the text of all but the count of what was received so far, so that a long test does not fill its memory.</summary>
    public void Forget()
    {
        var received = All.Count;
        for (var i = 0; i < received && All.TryDequeue(out var one); i++)
            All.Enqueue(one with { Text = "" });
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task Keep(MqttApplicationMessageReceivedEventArgs e)
    {
        var m = e.ApplicationMessage;
        All.Enqueue(
            new ReceivedMessage(
                m.Topic,
                Encoding.UTF8.GetString(m.Payload),
                m.Retain,
                m.ContentType,
                m.MessageExpiryInterval,
                m.QualityOfServiceLevel
            )
        );
        return Task.CompletedTask;
    }
}
