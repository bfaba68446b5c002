using System.Net;
using System.Net.Sockets;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>Settings of <c>[mqtt]</c> up to their effect.</summary>
public class LinkSettingsTests
{
    private static readonly Topics topics = new("robot-7", []);

    private static LinkOptions Options(int port, string keys)
    {
        var text = $"[mqtt]\nhost = \"127.0.0.1\"\nport = {port}\n{keys}\n";
        return LinkSettings.Options(Text.Parse(text).Mqtt, null, topics, Samples.Session);
    }

    [Fact]
    public void Every_limit_of_the_settings_reaches_the_link()
    {
        var options = Options(
            1,
            "protocol = \"3.1.1\"\nkeep_alive_s = 77\nconnect_timeout_s = 1.5\nreconnect_max_s = 300\noutbox_messages = 9\noutbox_kib = "
                + "200\n"
                + "mask_expiry_s = 0.5\nclient_id = \"me\""
        );
        Assert.Equal(MqttProtocol.V311, options.Protocol);
        Assert.Equal(77, options.KeepAlive.TotalSeconds);
        Assert.Equal(1.5, options.ConnectTimeout.TotalSeconds);
        Assert.Equal(300, options.ReconnectMax.TotalSeconds);
        Assert.Equal(9, options.OutboxMessages);
        Assert.Equal(200 << 10, options.OutboxBytes);
        Assert.Equal(0.5, options.MaskExpiry.TotalSeconds);
        Assert.Equal("me", options.ClientId);
    }

    [Fact]
    public async Task The_keep_alive_reaches_the_broker()
    {
        var port = Mosquitto.FreePort();
        using var server = TestServer.On(port);
        var keepAlive = new TaskCompletionSource<int>();
        server.ValidatingConnectionAsync += connection =>
        {
            keepAlive.TrySetResult(connection.KeepAlivePeriod ?? 0);
            return Task.CompletedTask;
        };
        await server.StartAsync();
        await using var link = new MqttLink(Options(port, "keep_alive_s = 77"), TimeProvider.System, _ => { });
        link.Start();
        Assert.Equal(77, await keepAlive.Task.WaitAsync(TimeSpan.FromSeconds(Wait.LimitS), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_that_accepts_and_sends_nothing_is_left_after_the_timeout()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var line = new TaskCompletionSource<string>();
        await using var link = new MqttLink(
            Options(((IPEndPoint)mute.LocalEndpoint).Port, "connect_timeout_s = 1"),
            TimeProvider.System,
            text => line.TrySetResult(text)
        );
        link.Start();
        var text = await line.Task.WaitAsync(TimeSpan.FromSeconds(Wait.LimitS), TestContext.Current.CancellationToken);
        Assert.Contains("no answer within 1 s: check mqtt.host and mqtt.port", text, StringComparison.Ordinal);
    }
}
