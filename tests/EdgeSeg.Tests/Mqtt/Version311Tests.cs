using System.Collections.Concurrent;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using MQTTnet.Server;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>
/// MQTT 3.1.1. The installed mosquitto cannot refuse version 5, so a server in this process represents a broker that supports 3.1.1 only;
/// the round trip runs against both.
/// </summary>
public sealed class Version311Tests : IAsyncDisposable
{
    private static readonly Topics topics = new("robot-7", ["front"]);

    private readonly int port = Mosquitto.FreePort();
    private readonly MqttServer server;
    private readonly ConcurrentQueue<string> lines = [];
    private readonly ConcurrentQueue<IncomingMessage> commands = [];

    public Version311Tests()
    {
        server = TestServer.On(port);
        server.ValidatingConnectionAsync += connection =>
        {
            if (connection.ProtocolVersion == MqttProtocolVersion.V500)
                connection.ReasonCode = MqttConnectReasonCode.UnsupportedProtocolVersion;
            return Task.CompletedTask;
        };
    }

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync();
        server.Dispose();
    }

    private MqttLink Link(MqttProtocol protocol, int at) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = at,
                Topics = topics,
                Session = Samples.Session,
                Protocol = protocol,
                Subscriptions = [topics.Camera("front").Commands],
                Received = commands.Enqueue,
            },
            TimeProvider.System,
            lines.Enqueue
        );

    private static async Task<(IMqttClient Client, ConcurrentQueue<(string Topic, string Text, bool Retained)> Received)> ClientAsync(
        int at
    )
    {
        var client = new MqttClientFactory().CreateMqttClient();
        var received = new ConcurrentQueue<(string, string, bool)>();
        client.ApplicationMessageReceivedAsync += e =>
        {
            received.Enqueue(
                (e.ApplicationMessage.Topic, Encoding.UTF8.GetString(e.ApplicationMessage.Payload), e.ApplicationMessage.Retain)
            );
            return Task.CompletedTask;
        };
        await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", at).WithProtocolVersion(MqttProtocolVersion.V311).Build()
        );
        await client.SubscribeAsync("edgeseg/#");
        return (client, received);
    }

    [Fact]
    public async Task With_protocol_3_1_1_status_masks_previews_commands_and_replies_pass()
    {
        await server.StartAsync();
        await RoundTripAsync(port);
    }

    [Fact]
    public async Task With_protocol_3_1_1_mosquitto_passes_the_same()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await RoundTripAsync(broker.Port);
    }

    private async Task RoundTripAsync(int at)
    {
        var (client, received) = await ClientAsync(at);
        using var disposeClient = client;
        await using (var link = Link(MqttProtocol.V311, at))
        {
            link.Start();
            await Wait.UntilAsync(() => link.Connected || !lines.IsEmpty, "the link is up or says why not");
            Assert.Equal($"mqtt: connected to 127.0.0.1:{at}", lines.First());
            var front = topics.Camera("front");
            link.TryPublishMask(front.Mask, "mask"u8);
            link.TryPublish(front.Preview, "jpeg"u8, "image/jpeg", 5, [new("frame", "f")]);
            await client.PublishStringAsync(
                "edgeseg/v1/robot-7/cam/front/cmd/auto",
                "{\"reply_to\":\"desk\"}",
                MqttQualityOfServiceLevel.AtLeastOnce
            );
            await Wait.UntilAsync(() => !commands.IsEmpty, "the command arrives");
            link.TryReply(topics.Reply("desk"), "reply"u8, null);
            await Wait.UntilAsync(() => received.Any(h => h.Text == "reply"), "the reply arrives");
            Assert.Contains((front.Mask, "mask", false), received);
            Assert.Contains((front.Preview, "jpeg", false), received);
            Assert.Equal(0, link.Stats.Drops.Total);
        }

        await Wait.UntilAsync(
            () => received.Any(h => h.Topic == topics.Status && h.Text.Contains("offline", StringComparison.Ordinal)),
            "the link said offline"
        );
        Assert.DoesNotContain(received, h => h.Text.Contains("\"lost\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_protocol_5_the_reason_names_the_remedy()
    {
        await server.StartAsync();
        await using var link = Link(MqttProtocol.V5, port);
        link.Start();
        await Wait.UntilAsync(() => !lines.IsEmpty, "the link logs why it cannot connect");
        Assert.Contains("mqtt.protocol = \"3.1.1\"", lines.First(), StringComparison.Ordinal);
        Assert.False(link.Connected);
    }
}
