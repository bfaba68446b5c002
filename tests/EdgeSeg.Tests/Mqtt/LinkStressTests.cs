using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>
/// The link through what networks and brokers do to it over the years. A tenth of each count here, all of it in <c>./build.sh soak</c>.
/// </summary>
public class LinkStressTests(ITestOutputHelper output)
{
    private const int ExpiryS = 100_000;

    private static readonly Topics topics = new("robot-7", ["front"]);
    private static readonly string maskTopic = topics.Camera("front").Mask;

    private readonly FakeTimeProvider time = new();

    private MqttLink Link(int port) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Topics = topics,
                Session = Samples.Session,
            },
            time,
            line => output.WriteLine(line)
        );

    [Fact]
    public async Task A_broker_that_is_killed_repeatedly_receives_the_state_and_the_newest_masks_each_time()
    {
        var rounds = Stress.Rounds(100);
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var link = Link(broker.Port);
        link.TrySetState(topics.Info, "{}"u8);
        link.Start();
        for (var i = 1; i <= rounds; i++)
        {
            await Comes(() => link is { Connected: true, Waiting: 0 }, "the link is up");
            broker.Kill();
            await Comes(() => !link.Connected, "the link noticed");
            for (var n = 0; n < MqttSettings.DefaultOutboxMessages * 2; n++)
                link.TryPublish(maskTopic, Encoding.UTF8.GetBytes($"{i}-{n}"), MqttLink.Json, ExpiryS);
            Assert.Equal(MqttSettings.DefaultOutboxMessages, link.Waiting);
            await broker.StartAsync();
            await using var listener = await Listener.StartAsync(broker.Port);
            await Comes(() => listener.All.Any(h => h.Topic == topics.Status && h.State == "online"), "the status is received");
            await Comes(() => listener.All.Any(h => h.Topic == topics.Info), "info is received");
            await Comes(() => link.Stats.Reconnects == i && link.Connected, "it counts a reconnect");
        }

        Assert.Equal(rounds * MqttSettings.DefaultOutboxMessages, link.Stats.Drops.Full);
        output.WriteLine(
            $"{rounds} times killed, {link.Stats.Reconnects} reconnects, {link.Stats.Drops.Full} masks pushed out by " + "newer ones"
        );
    }

    [Fact]
    public async Task A_network_that_breaks_in_the_middle_of_a_packet_delivers_whole_messages_or_none()
    {
        var rounds = Stress.Rounds(100);
        var random = new Random(20261124);
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, maskTopic);
        using var proxy = new TcpDisconnectProxy(broker.Port);
        await using var link = Link(proxy.Port);
        link.Start();
        await Comes(() => link is { Connected: true, Waiting: 0 }, "the link is up");
        for (var i = 1; i <= rounds; i++)
        {
            // somewhere within the third message
            proxy.DisconnectAfter(2 * 50_000 + random.Next(1_000, 49_000));
            for (var n = 0; n < 4; n++)
                link.TryPublish(maskTopic, Sealed(random, 50_000), MqttLink.Json, ExpiryS);
            await Comes(
                () => proxy.Disconnects == i && link.Stats.Reconnects == i && link is { Connected: true, Waiting: 0 },
                "the connection is reset and the link up again"
            );
        }

        link.TryPublish(maskTopic, "the end"u8, MqttLink.Json, ExpiryS);
        await listener.UntilAsync("the end", h => h.Text == "the end");
        var whole = listener.All.Count(h => IsSealed(h.Text));
        output.WriteLine(
            $"{rounds} resets, {whole} of {4 * rounds} messages came, all whole; {link.Stats.Drops.Failed} were reported as " + "failed"
        );
        Assert.Equal(listener.All.Count - 1, whole);
        // QoS 0: what the broker had not read when its end of the line broke is lost as well
        Assert.InRange(whole, rounds, 4 * rounds);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_subscriber_that_does_not_read_does_not_delay_others(bool isEmbedded)
    {
        var messages = Stress.Rounds(5_000);
        await using var embedded = isEmbedded ? await EmbeddedBroker.StartAsync(System.Net.IPAddress.Loopback, 0) : null;
        await using var mosquitto = isEmbedded ? null : await Mosquitto.StartOrSkipAsync();
        var port = embedded?.Port ?? mosquitto!.Port;
        using var slow = await DeafSubscriber(port, maskTopic);
        await using var listener = await Listener.StartAsync(port, maskTopic);
        await using var link = Link(port);
        link.Start();
        await Comes(() => link.Connected, "the link is up");
        var payload = new byte[50_000];
        Array.Fill(payload, (byte)'x');
        for (var n = 1; n <= messages; n++)
        {
            link.TryPublish(maskTopic, payload, MqttLink.Json, ExpiryS);
            await Wait.UntilAsync(() => link.Waiting < MqttSettings.DefaultOutboxMessages / 2, "the outbox empties");
            // so that the listener, which reads, is not dropped from either
            if (n % 20 > 0)
                continue;
            await Wait.UntilAsync(() => listener.All.Count == n, $"message {n} is received");
            listener.Forget();
        }

        Assert.Equal((0L, 0L), (link.Stats.Drops.Full, link.Stats.Reconnects));
        output.WriteLine($"{messages} messages of {payload.Length} bytes past a subscriber that reads none");
    }

    private Task Comes(Func<bool> condition, string what) =>
        Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(200));
                return condition();
            },
            what
        );

    /// <summary>Text that ends with its own hash.</summary>
    private static byte[] Sealed(Random random, int bytes)
    {
        var body = new char[bytes - 64];
        for (var i = 0; i < body.Length; i++)
            body[i] = (char)('a' + random.Next(26));
        return Encoding.ASCII.GetBytes(new string(body) + Hash(body));
    }

    private static bool IsSealed(string text) => text.Length > 64 && text.EndsWith(Hash(text.AsSpan(..^64)), StringComparison.Ordinal);

    private static string Hash(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length];
        Encoding.ASCII.GetBytes(text, bytes);
        return Convert.ToHexString(SHA256.HashData(bytes));
    }

    /// <summary>Says CONNECT and SUBSCRIBE in MQTT 3.1.1, byte by byte, and never reads again.</summary>
    private static async Task<Socket> DeafSubscriber(int port, string filter)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(System.Net.IPAddress.Loopback, port);
        byte[] connect = [0x10, 16, 0, 4, .. "MQTT"u8, 4, 2, 0, 0, 0, 4, .. "deaf"u8];
        byte[] subscribe = [0x82, (byte)(5 + filter.Length), 0, 1, 0, (byte)filter.Length, .. Encoding.ASCII.GetBytes(filter), 0];
        await socket.SendAsync((byte[])[.. connect, .. subscribe]);
        var answer = new byte[9];
        var at = 0;
        while (at < answer.Length)
            at += await socket.ReceiveAsync(answer.AsMemory(at));
        Assert.Equal("20020000" + "9003000100", Convert.ToHexString(answer), StringComparer.OrdinalIgnoreCase);
        return socket;
    }
}
