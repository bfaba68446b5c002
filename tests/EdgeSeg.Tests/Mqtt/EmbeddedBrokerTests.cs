using System.Net;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;
using MQTTnet;
using MQTTnet.Formatter;
using Xunit;

namespace EdgeSeg.Mqtt;

public class EmbeddedBrokerTests
{
    private static readonly Topics topics = new("robot-7", ["front"]);

    private static MqttLink Link(int port, string? user = null, string? password = null, Action<string>? log = null) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Topics = topics,
                Session = Samples.Session,
                User = user,
                Password = password,
            },
            TimeProvider.System,
            log ?? (_ => { })
        );

    [Fact]
    public async Task A_mask_goes_through_the_embedded_broker_to_a_subscriber_on_a_socket()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        Assert.InRange(broker.Port, 1, 65535);
        await using var listener = await Listener.StartAsync(broker.Port);
        await using var link = Link(broker.Port);
        link.Start();
        using var buffer = new JsonBuffer();
        link.TryPublishMask(
            topics.Camera("front").Mask,
            MaskMessage.Write(buffer, Samples.MaskInfo(), Samples.Found(), Samples.Geometry, Samples.Counts, default, link.MaxPayloadBytes)
        );
        await listener.UntilAsync(
            "a mask",
            h =>
                h.Topic == topics.Camera("front").Mask
                && h.Text == Encoding.UTF8.GetString(buffer.Written)
                && h.ContentType == MqttLink.Json
                && h.ExpiryS is > 0 and <= MqttSettings.DefaultMaskExpiryS
        );
    }

    [Fact]
    public async Task Status_is_retained_for_who_comes_later()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        await using var link = Link(broker.Port);
        link.Start();
        await Wait.UntilAsync(() => link.Stats.Sent >= 1, "the status is acknowledged");
        await using var listener = await Listener.StartAsync(broker.Port);
        await listener.UntilAsync(
            "a retained status",
            h => h.Topic == topics.Status && h.Retained && h.State == "online" && h.Text.Contains(Samples.Session, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task When_the_connection_is_reset_the_will_publishes_offline_and_the_link_reconnects()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        using var proxy = new TcpDisconnectProxy(broker.Port);
        await using var listener = await Listener.StartAsync(broker.Port, topics.Status);
        await using var link = Link(proxy.Port);
        link.Start();
        await listener.UntilAsync("online", h => h.State == "online");
        proxy.Disconnect();
        await listener.UntilAsync(
            "the will",
            h =>
                h.State == "offline"
                && h.Text.Contains("\"lost\"", StringComparison.Ordinal)
                && h.Text.Contains(Samples.Session, StringComparison.Ordinal)
        );
        await Wait.UntilAsync(() => listener.All.Last().State == "online", "the last status is online again");
    }

    [Theory]
    [InlineData("0.0.0.0", null, null)]
    [InlineData("::", "user", "")]
    [InlineData("192.0.2.1", "", "password")]
    public async Task An_address_reachable_from_outside_is_refused_without_a_password(string address, string? user, string? password)
    {
        var refusal = await Assert.ThrowsAsync<OperatingException>(() =>
            EmbeddedBroker.StartAsync(IPAddress.Parse(address), 0, user, password)
        );
        Assert.Equal(2, refusal.ExitCode);
        Assert.Contains(address, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using var first = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        var refusal = await Assert.ThrowsAsync<OperatingException>(() => EmbeddedBroker.StartAsync(IPAddress.Loopback, first.Port));
        Assert.Contains($"port {first.Port}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_password_only_its_owner_can_connect()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Any, 0, "robot", "secret-7");
        await using (await Listener.StartAsync(broker.Port, user: "robot", password: "secret-7"))
        {
            foreach (
                var (user, password) in new (string?, string?)[] { ("robot", "secret"), ("Robot", "secret-7"), ("robot", ""), (null, null) }
            )
            {
                var refusal = await Assert.ThrowsAnyAsync<Exception>(() =>
                    Listener.StartAsync(broker.Port, user: user, password: password)
                );
                Assert.Contains("BadUserNameOrPassword", refusal.Message, StringComparison.Ordinal);
            }
        }

        var lines = new List<string>();
        await using var link = Link(
            broker.Port,
            "robot",
            "wrong-secret",
            line =>
            {
                lock (lines)
                    lines.Add(line);
            }
        );
        link.Start();
        await Wait.UntilAsync(
            () =>
            {
                lock (lines)
                    return lines.Count > 0;
            },
            "the link says why it is not let in"
        );
        lock (lines)
            Assert.Contains("rejects the user name or password", lines[0], StringComparison.Ordinal);
        lock (lines)
            Assert.DoesNotContain("wrong-secret", string.Join(' ', lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Clients_without_a_name_come_in_side_by_side(MqttProtocolVersion version)
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        using IMqttClient a = new MqttClientFactory().CreateMqttClient(),
            b = new MqttClientFactory().CreateMqttClient();
        foreach (var client in new[] { a, b })
            await client.ConnectAsync(
                new MqttClientOptionsBuilder()
                    .WithTcpServer("127.0.0.1", broker.Port)
                    .WithClientId("")
                    .WithProtocolVersion(version)
                    .WithCleanSession()
                    .Build(),
                TestContext.Current.CancellationToken
            );
        await Wait.UntilAsync(() => broker.Clients == 2, "both are in");
        Assert.True(a.IsConnected, "the first client was disconnected");
        Assert.True(b.IsConnected, "the second client was disconnected");
    }

    [Fact]
    public async Task Mosquittos_command_line_needs_no_name()
    {
        Assert.SkipUnless(Published.HasTool("mosquitto_pub"), "mosquitto-clients is not installed");
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        var (exitCode, _, errors) = Published.Run(
            "mosquitto_pub",
            ["-h", "127.0.0.1", "-p", broker.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "-t", "a/b", "-m", "x"]
        );
        Assert.True(exitCode == 0, errors);
    }

    [Fact]
    public async Task More_clients_than_the_limit_are_refused()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        var listeners = new List<Listener>();
        for (var i = 0; i < WebConsoleLimits.BrokerClients; i++)
            listeners.Add(await Listener.StartAsync(broker.Port));
        await Wait.UntilAsync(() => broker.Clients == WebConsoleLimits.BrokerClients, "every client is counted");
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => Listener.StartAsync(broker.Port));
        Assert.Contains("QuotaExceeded", refusal.Message, StringComparison.Ordinal);
        foreach (var listener in listeners)
            await listener.DisposeAsync();
        await Wait.UntilAsync(() => broker.Clients == 0, "the places are free again");
    }
}
