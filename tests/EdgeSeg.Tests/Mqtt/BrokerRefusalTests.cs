using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>Refusals of a broker are reported by topic and reason; other messages are sent.</summary>
public sealed class BrokerRefusalTests : IDisposable
{
    private static readonly Topics topics = new("robot-7", ["front"]);
    private static readonly string maskTopic = topics.Camera("front").Mask;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private static MqttLink Link(int port, params string[] subscriptions) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Topics = topics,
                Session = Samples.Session,
                Subscriptions = subscriptions,
            },
            TimeProvider.System,
            _ => { }
        );

    private Task<Mosquitto> WithAclAsync(string rules)
    {
        var file = scratch.Write("acl", System.Text.Encoding.UTF8.GetBytes(rules));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
        return Mosquitto.StartOrSkipAsync($"acl_file {file}" + (Environment.IsPrivilegedProcess ? "\nuser root" : ""));
    }

    [Fact]
    public async Task A_topic_that_the_access_list_forbids_is_reported_as_a_pattern_with_the_reason()
    {
        await using var broker = await WithAclAsync($"topic write {topics.Status}\ntopic read #\n");
        await using var listener = await Listener.StartAsync(broker.Port);
        await using var link = Link(broker.Port);
        link.TrySetState(topics.Info, "{}"u8);
        link.Start();
        await listener.UntilAsync("the status", h => h.State == "online");
        for (var i = 0; i < 5; i++)
            link.TryPublishMask(maskTopic, "mask"u8);
        link.TryPublish(topics.Telemetry, "telemetry"u8, MqttLink.Json, 60);
        await Wait.UntilAsync(() => link.Refusals.Count == 3, "three topics are refused");
        Assert.Equal(
            [
                new BrokerRefusal("edgeseg/v1/robot-7/cam/+/mask", "not authorized"),
                new BrokerRefusal("edgeseg/v1/robot-7/info", "not authorized"),
                new BrokerRefusal("edgeseg/v1/robot-7/telemetry", "not authorized"),
            ],
            link.Refusals.OrderBy(r => r.Topic, StringComparer.Ordinal)
        );
        Assert.Equal(7, link.Stats.Drops.Refused);
        Assert.True(link.Connected);
    }

    [Fact]
    public async Task A_refused_subscription_is_reported_and_the_others_work()
    {
        var port = Mosquitto.FreePort();
        using var server = TestServer.On(port);
        server.InterceptingSubscriptionAsync += e =>
        {
            if (e.TopicFilter.Topic == "homeassistant/status")
                e.Response.ReasonCode = MqttSubscribeReasonCode.NotAuthorized;
            return Task.CompletedTask;
        };
        await server.StartAsync();
        await using var link = Link(port, topics.AllCommands, "homeassistant/status");
        link.Start();
        await Wait.UntilAsync(() => link.Connected, "the link is up");
        Assert.Equal([new BrokerRefusal("homeassistant/status", "subscription not authorized")], link.Refusals);
    }

    [Fact]
    public async Task A_broker_that_only_closes_the_connection_after_a_large_message_is_reported_and_left_in_peace()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync("max_packet_size 2000");
        await using var link = new MqttLink(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = broker.Port,
                Topics = topics,
                Session = Samples.Session,
                Protocol = MqttProtocol.V311,
            },
            TimeProvider.System,
            _ => { }
        );
        link.TrySetState(topics.Info, new byte[5000]);
        link.Start();
        await Wait.UntilAsync(() => link.Refusals.Count == 1, "the message is reported");
        Assert.Equal(
            new BrokerRefusal(topics.Info, "packet too large: the broker closes the connection after a message of 5000 bytes"),
            link.Refusals[0]
        );
        Assert.Equal((1, 4999), (link.Stats.Drops.TooLarge, link.MaxPayloadBytes));
        Assert.True(link.Connected, "the link stays");
    }

    [Fact]
    public void A_limit_is_observed_after_two_closes_in_a_row_and_ends()
    {
        var time = new FakeTimeProvider();
        var observed = new ObservedPacketLimit(time);
        observed.Closed(9000);
        Assert.Equal(MessageLimits.MaxMessageBytes, observed.Bytes);
        observed.Accepted(200);
        observed.Closed(8000);
        Assert.Equal(7999, observed.Bytes);
        time.Advance(TimeSpan.FromMilliseconds(MqttLimits.RefusalRetryMs));
        Assert.Equal(MessageLimits.MaxMessageBytes, observed.Bytes);
        observed.Accepted(9000);
        observed.Closed(9000);
        Assert.Equal(MessageLimits.MaxMessageBytes, observed.Bytes);
        // a broker that goes away after small messages too has another reason
        observed.Closed(100);
        observed.Closed(9000);
        Assert.Equal(MessageLimits.MaxMessageBytes, observed.Bytes);
    }

    [Fact]
    public async Task An_observed_limit_ends_on_a_connection_that_lasts()
    {
        await using var broker = await EmbeddedBroker.StartAsync(System.Net.IPAddress.Loopback, 0);
        var time = new FakeTimeProvider();
        var observed = new ObservedPacketLimit(time);
        var options = new LinkOptions
        {
            Host = "127.0.0.1",
            Port = broker.Port,
            Topics = topics,
            Session = Samples.Session,
            Protocol = MqttProtocol.V311,
        };
        var callbacks = new ConnectionCallbacks(() => { }, _ => { }, () => ValueTask.CompletedTask);
        using var connection = new BrokerConnection(options, new BrokerRefusals(), callbacks, false, observed, time);
        Assert.Null(await connection.ConnectAsync("{}"u8.ToArray(), TestContext.Current.CancellationToken));
        var outbox = new Outbox(time, 4, 1 << 20);
        async Task<SendOutcome> SendAsync()
        {
            outbox.OfferState(topics.Info, new byte[5000]);
            var slot = outbox.Take()!;
            var outcome = await connection.SendAsync(slot);
            outbox.Done(slot, outcome);
            return outcome;
        }

        observed.Closed(5000);
        observed.Closed(5000);
        Assert.Equal(SendOutcome.TooLarge, await SendAsync());
        time.Advance(TimeSpan.FromMilliseconds(MqttLimits.RefusalRetryMs));
        Assert.Equal(SendOutcome.Sent, await SendAsync());
        Assert.Equal(MessageLimits.MaxMessageBytes, connection.MaxPayloadBytes);
        await connection.EndAsync();
    }

    [Fact]
    public async Task A_message_that_exceeds_the_brokers_packet_size_is_reported()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync("max_packet_size 2000");
        await using var link = Link(broker.Port);
        link.TrySetState(topics.Info, new byte[5000]);
        link.Start();
        await Wait.UntilAsync(() => link.Refusals.Count == 1, "the message is reported");
        Assert.Equal("packet too large: the broker accepts packets of at most 2000 bytes", link.Refusals[0].Reason);
        Assert.Equal(topics.Info, link.Refusals[0].Topic);
        Assert.Equal(1, link.Stats.Drops.TooLarge);
    }
}
