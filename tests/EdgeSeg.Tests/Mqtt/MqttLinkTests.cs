using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Service;
using EdgeSeg.Telemetry;
using MQTTnet;
using Xunit;

namespace EdgeSeg.Mqtt;

public class MqttLinkTests(ITestOutputHelper output)
{
    private static readonly Topics topics = new("robot-7", ["front"]);
    private static readonly string maskTopic = topics.Camera("front").Mask;

    private MqttLink Link(int port, Action<IncomingMessage>? received = null, string session = Samples.Session) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Topics = topics,
                Session = session,
                Subscriptions = received is null ? [] : [topics.Camera("front").Commands],
                Received = received,
            },
            TimeProvider.System,
            line => output.WriteLine(line)
        );

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public async Task The_service_publishes_a_whole_session_from_online_to_offline()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port);
        var link = Link(broker.Port);
        using var buffer = new JsonBuffer();
        link.TrySetState(topics.Info, InfoMessage.Write(buffer, Samples.Info()));
        link.Start();
        await listener.UntilAsync("info", h => h.Topic == topics.Info);
        link.TryPublish(
            topics.Telemetry,
            TelemetryMessage.Write(buffer, Samples.Telemetry()),
            MqttLink.Json,
            ServiceLimits.TelemetryExpiryS
        );
        await listener.UntilAsync("telemetry", h => h.Topic == topics.Telemetry);
        await link.DisposeAsync();
        await listener.UntilAsync("offline", h => h.State == "offline");
        Assert.Equal(["online", "stopping", "offline"], listener.All.Where(h => h.Topic == topics.Status).Select(h => h.State));
        Assert.DoesNotContain(listener.All, h => h.Text.Contains("\"lost\"", StringComparison.Ordinal));
        await using var later = await Listener.StartAsync(broker.Port);
        await later.UntilAsync("the retained goodbye", h => h.Retained && h.State == "offline");
        var api = AsyncApi.Load();
        foreach (var received in listener.All)
            Assert.Empty(
                api.Errors(
                    received.Topic == topics.Info ? "Info"
                        : received.Topic == topics.Status ? "Status"
                        : "Telemetry",
                    received.Text
                )
            );
    }

    [Fact]
    public async Task What_waited_off_line_comes_newest_first_then_in_order_and_expired_masks_do_not_come()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, maskTopic);
        using var proxy = new TcpDisconnectProxy(broker.Port) { Accepts = false };
        await using var link = Link(proxy.Port);
        link.Start();
        await Wait.UntilAsync(() => link.ConnectFailures > 0, "the link finds no broker");
        link.TryPublish(maskTopic, Bytes("expired"), MqttLink.Json, 0);
        for (var n = 1; n <= 3; n++)
            link.TryPublish(maskTopic, Bytes($"{n}"), MqttLink.Json, 60);
        proxy.Accepts = true;
        await listener.UntilAsync("the oldest", h => h.Text == "1");
        for (var n = 4; n <= 9; n++)
            link.TryPublish(maskTopic, Bytes($"{n}"), MqttLink.Json, 60);
        await listener.UntilAsync("the last", h => h.Text == "9");
        Assert.Equal("3 2 1 4 5 6 7 8 9", string.Join(' ', listener.All.Select(h => h.Text)));
        Assert.Equal(new LinkDrops(0, 1, 0, 0), link.Stats.Drops);
    }

    [Fact]
    public async Task The_brokers_largest_packet_is_honoured()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync("max_packet_size 5000");
        await using var listener = await Listener.StartAsync(broker.Port, maskTopic);
        await using var link = Link(broker.Port);
        link.Start();
        await Wait.UntilAsync(() => link.Connected, "the link is up");
        Assert.Equal(5000 - MqttLimits.MessageOverheadBytes, link.MaxPayloadBytes);
        link.TryPublishMask(maskTopic, new byte[6000]);
        using var buffer = new JsonBuffer();
        var counts = new byte[6000];
        Array.Fill(counts, (byte)'1');
        link.TryPublishMask(
            maskTopic,
            MaskMessage.Write(buffer, Samples.MaskInfo(), Samples.Found(), Samples.Geometry, counts, default, link.MaxPayloadBytes)
        );
        await listener.UntilAsync("the box without its mask", h => h.Text.Contains("too_large", StringComparison.Ordinal));
        Assert.Equal((1L, 0L), (link.Stats.Drops.TooLarge, link.Stats.Reconnects));
    }

    [Fact]
    public async Task Another_client_with_our_id_is_noticed()
    {
        // not mosquitto: before 2.0.15 it closes the socket without the reason
        await using var broker = await EmbeddedBroker.StartAsync(System.Net.IPAddress.Loopback, 0);
        await using var link = Link(broker.Port);
        link.Start();
        await Wait.UntilAsync(() => link.Connected, "the link is up");
        await using var thief = await Listener.StartAsync(broker.Port, clientId: "edgeseg-robot-7");
        await Wait.UntilAsync(() => link.TakenOver == 1, "the take-over is reported");
        await Wait.UntilAsync(() => link.Connected, "the link is up again");
    }

    [Fact]
    public async Task A_command_comes_in_with_its_response_topic_and_what_is_too_large_does_not()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        var inbox = new System.Collections.Concurrent.ConcurrentQueue<IncomingMessage>();
        await using var link = Link(broker.Port, inbox.Enqueue);
        link.Start();
        await Wait.UntilAsync(() => link.Connected, "the link is up");
        await using var desk = await Listener.StartAsync(broker.Port, "desk/reply");
        var command = new MqttApplicationMessageBuilder().WithTopic("edgeseg/v1/robot-7/cam/front/cmd/click");
        await desk.Client.PublishAsync(command.WithPayload(new byte[10 << 20]).Build());
        await desk.Client.PublishAsync(
            command.WithPayload("{}").WithResponseTopic("desk/reply").WithCorrelationData([1, 2, 3]).WithMessageExpiryInterval(9).Build()
        );
        await Wait.UntilAsync(() => !inbox.IsEmpty, "the command comes");
        var got = Assert.Single(inbox);
        Assert.Equal(("{}", "desk/reply", false), (Encoding.UTF8.GetString(got.Payload), got.ResponseTopic, got.Retained));
        Assert.Equal([1, 2, 3], got.Correlation!);
        link.TryReply(got.ResponseTopic!, Bytes("{\"ok\":1}"), got.Correlation);
        await desk.UntilAsync("the reply", h => h.Text == "{\"ok\":1}");
        Assert.Equal(0, link.Stats.Reconnects);
    }

    [Fact]
    public async Task Stopping_without_a_broker_ends_in_time()
    {
        var link = Link(Mosquitto.FreePort());
        link.Start();
        await link.StopAsync().WaitAsync(TimeSpan.FromSeconds(Wait.LimitS));
        Assert.False(link.Connected);
    }

    [Fact]
    public async Task Over_tls_only_a_broker_that_our_authority_vouches_for_is_spoken_to()
    {
        using var keys = new TestAuthority();
        await using var broker = await Mosquitto.StartOrSkipAsync(
            $"cafile {keys.AuthorityFile}\ncertfile {keys.ServerFile}\nkeyfile {keys.ServerKeyFile}\nrequire_certificate "
                + "true\nuse_identity_as_username true"
        );
        await using var good = Secured(broker.Port, keys, keys.Authority);
        good.Start();
        await Wait.UntilAsync(() => good.Connected, "the link is up over TLS with our certificate");
        using var others = new TestAuthority();
        await using var bad = Secured(broker.Port, keys, others.Authority);
        bad.Start();
        await Wait.UntilAsync(
            () =>
            {
                lock (refusals)
                    return refusals.Count > 0;
            },
            "the link says why it does not trust the broker"
        );
        lock (refusals)
            Assert.Contains("certificate", refusals[0], StringComparison.OrdinalIgnoreCase);
        Assert.False(bad.Connected);
    }

    private readonly List<string> refusals = [];

    private MqttLink Secured(int port, TestAuthority keys, System.Security.Cryptography.X509Certificates.X509Certificate2 trusted) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Topics = topics,
                Session = Samples.Session,
                ClientId = trusted.Thumbprint,
                Tls = new LinkTls
                {
                    Authorities = [trusted],
                    ClientCertificate = keys.Client,
                    ServerName = "broker.test",
                },
            },
            TimeProvider.System,
            line =>
            {
                lock (refusals)
                    if (!line.Contains("connected to", StringComparison.Ordinal))
                        refusals.Add(line);
            }
        );
}
