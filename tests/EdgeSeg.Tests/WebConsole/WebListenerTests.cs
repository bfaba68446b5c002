using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Formatter;
using Xunit;

namespace EdgeSeg.WebConsole;

public class WebListenerTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    private static string Upgrade(string host, string more) =>
        $"GET /mqtt HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
        + $"websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Key}\r\n{more}\r\n";

    /// <summary>Sends bytes and returns all that comes back until the listener closes, or until a WebSocket begins.</summary>
    private static async Task<string> AskAsync(int port, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            int n;
            while ((n = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, n));
                if (answer.ToString().StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
                    break;
            }
        }
        catch (IOException)
        {
            // closed with our bytes unread
        }

        return answer.ToString();
    }

    private static async Task<(EmbeddedBroker Broker, int Port)> StartAsync(string? user = null, string? password = null)
    {
        var listener = WebListener.Open(IPAddress.Loopback, 0, new PageSettings());
        return (await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0, user, password, listener), listener.EndPoint.Port);
    }

    private static MqttClientOptionsBuilder Through(int port, string origin) =>
        new MqttClientOptionsBuilder()
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithWebSocketServer(o =>
                o.WithUri($"ws://127.0.0.1:{port}/mqtt").WithRequestHeaders(new Dictionary<string, string> { ["Origin"] = origin })
            );

    [Fact]
    public async Task A_message_goes_both_ways_between_a_WebSocket_and_a_plain_socket()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        await using var listener = await Listener.StartAsync(broker.Port);
        using var web = new MqttClientFactory().CreateMqttClient();
        var received = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        web.ApplicationMessageReceivedAsync += e =>
        {
            received.TrySetResult(e.ApplicationMessage.ConvertPayloadToString());
            return Task.CompletedTask;
        };
        await web.ConnectAsync(Through(port, $"http://127.0.0.1:{port}").Build(), TestContext.Current.CancellationToken);
        await web.SubscribeAsync("back", cancellationToken: TestContext.Current.CancellationToken);
        // larger than one read of the socket
        var long_ = new string('x', 100_000);
        await web.PublishStringAsync("back", long_, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(long_, await received.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        await web.PublishStringAsync("edgeseg/v1/robot-7/status", "{}", cancellationToken: TestContext.Current.CancellationToken);
        await listener.UntilAsync("the browser's message", h => h.Text == "{}");
    }

    [Fact]
    public async Task The_brokers_password_applies_to_the_WebSocket_too()
    {
        var (broker, port) = await StartAsync("robot", "secret-7");
        await using var _ = broker;
        using var web = new MqttClientFactory().CreateMqttClient();
        var answer = await web.ConnectAsync(Through(port, $"http://127.0.0.1:{port}").Build(), TestContext.Current.CancellationToken);
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, answer.ResultCode);
        await web.ConnectAsync(
            Through(port, $"http://127.0.0.1:{port}").WithCredentials("robot", "secret-7").Build(),
            TestContext.Current.CancellationToken
        );
        Assert.True(web.IsConnected);
    }

    [Fact]
    public async Task The_handshake_is_answered_as_the_standard_requires()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        var answer = await AskAsync(
            port,
            Upgrade($"localhost:{port}", $"Sec-WebSocket-Protocol: mqttv3.1, mqtt\r\nOrigin: http://localhost:{port}\r\n")
        );
        Assert.StartsWith("HTTP/1.1 101 ", answer, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Protocol: mqtt\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: mqtt\r\nOrigin: https://example.com\r\n", "403")]
    [InlineData("Sec-WebSocket-Protocol: mqtt\r\nOrigin: null\r\n", "403")]
    [InlineData("Sec-WebSocket-Protocol: mqtt\r\nOrigin: http://127.0.0.1\r\nOrigin: http://example.com\r\n", "403")]
    [InlineData("Sec-WebSocket-Protocol: chat\r\n", "400")]
    [InlineData("", "400")]
    public async Task A_request_of_another_origin_is_refused_a_WebSocket(string more, string status)
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        Assert.StartsWith($"HTTP/1.1 {status} ", await AskAsync(port, Upgrade("127.0.0.1", more)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost@example.com\r\n\r\n", "403")]
    [InlineData("GET /../edgeseg.toml HTTP/1.1\r\nHost: localhost\r\n\r\n", "404")]
    [InlineData("GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n", "426")]
    [InlineData("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405")]
    [InlineData("hello\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nA: b\nC: d\r\n\r\n", "400")]
    public async Task What_is_wrong_is_refused(string text, string status)
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        Assert.StartsWith($"HTTP/1.1 {status} ", await AskAsync(port, text), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_without_an_end_is_refused_at_its_limit()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        Assert.StartsWith(
            "HTTP/1.1 400 ",
            await AskAsync(port, "GET / HTTP/1.1\r\nCookie: " + new string('x', WebConsoleLimits.WebHeadBytes - 24)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_page_comes_with_a_policy_that_allows_only_its_own_origin()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        var answer = await AskAsync(port, "GET /?a=b HTTP/1.1\r\nHost: [::1]\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Contains("Content-Security-Policy: default-src 'none'; script-src 'self'; ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", answer[..answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.Contains("<title>EdgeSeg", answer, StringComparison.Ordinal);
        var tag = answer.Split("ETag: ")[1].Split("\r\n")[0];
        Assert.StartsWith(
            "HTTP/1.1 304 ",
            await AskAsync(port, $"GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\n\r\n"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\r\nContent-Type: text/javascript",
            await AskAsync(port, "HEAD /console.js HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task With_an_external_broker_the_page_receives_its_address_and_may_connect_to_it_only()
    {
        using var listener = WebListener.Open(
            IPAddress.Loopback,
            0,
            new PageSettings("wss://broker.example:9443/mqtt", "site/hall-3", "robot-1")
        );
        listener.Start();
        var port = listener.EndPoint.Port;
        var answer = await AskAsync(port, $"GET {PageSettings.Path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Contains("\r\nContent-Type: application/json\r\n", answer, StringComparison.Ordinal);
        using var settings = JsonDocument.Parse(answer[answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]);
        Assert.Equal("wss://broker.example:9443/mqtt", settings.RootElement.GetProperty("broker_url").GetString());
        Assert.Equal("site/hall-3", settings.RootElement.GetProperty("topic_prefix").GetString());
        Assert.Equal("robot-1", settings.RootElement.GetProperty("device").GetString());
        var page = await AskAsync(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Contains(" connect-src 'self' wss://broker.example:9443; ", page, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync(port, Upgrade("localhost", "")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_embedded_broker_the_page_receives_no_other_address()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        var answer = await AskAsync(port, $"GET {PageSettings.Path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.EndsWith("{\"broker_url\":\"\",\"topic_prefix\":\"edgeseg\",\"device\":\"\"}", answer, StringComparison.Ordinal);
        Assert.Contains(
            " connect-src 'self'; ",
            await AskAsync(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Every_connection_beyond_the_limit_is_closed_and_a_place_comes_free_again()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        var idle = new List<TcpClient>();
        for (var i = 0; i < WebConsoleLimits.WebConnections; i++)
        {
            idle.Add(new TcpClient());
            await idle[i].ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        }

        const string request = "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n";
        await Wait.UntilAsync(() => AskAsync(port, request).GetAwaiter().GetResult().Length == 0, "one too many is closed unanswered");
        foreach (var client in idle)
            client.Dispose();
        await Wait.UntilAsync(
            () => AskAsync(port, request).GetAwaiter().GetResult().StartsWith("HTTP/1.1 404", StringComparison.Ordinal),
            "there is room again"
        );
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        var (broker, port) = await StartAsync();
        await using var _ = broker;
        var refusal = Assert.Throws<OperatingException>(() => WebListener.Open(IPAddress.Loopback, port, new PageSettings()));
        Assert.Contains($"port {port}", refusal.Message, StringComparison.Ordinal);
    }
}
