using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Platform;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Telemetry;

/// <summary>Why metrics do not arrive at a collector is reported, each reason in words, and not more often than once a minute.</summary>
public sealed class ExportReporterTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly List<string> lines = [];

    private HttpMessageInvoker Client(string address, CollectorAccess? access = null) =>
        new(new ExportReporter(new Uri(address), access ?? new CollectorAccess(), time, lines.Add));

    private static async Task ExportAsync(HttpMessageInvoker client, string address)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS));
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent("x") };
        try
        {
            (await client.SendAsync(request, limit.Token)).Dispose();
        }
        catch (HttpRequestException)
        {
            // as the exporter does: the export is lost
        }

        Assert.False(limit.IsCancellationRequested, "the collector did not answer");
    }

    /// <summary>Answers each connection with a status, over TLS where a certificate is given.</summary>
    private static (TcpListener Listener, List<string> Heads) Collector(Func<int> status, X509Certificate2? certificate = null)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        List<string> heads = [];
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                try
                {
                    Stream stream = client.GetStream();
                    if (certificate is not null)
                    {
                        var tls = new SslStream(stream);
                        await tls.AuthenticateAsServerAsync(certificate);
                        stream = tls;
                    }

                    var bytes = new byte[4096];
                    var length = await stream.ReadAsync(bytes);
                    // with TLS 1.3 the client refuses the certificate after the server's handshake
                    if (length == 0)
                        continue;
                    lock (heads)
                        heads.Add(Encoding.ASCII.GetString(bytes, 0, length));
                    var answer = $"HTTP/1.1 {status()} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
                    client.Client.Shutdown(SocketShutdown.Send);
                    while (await stream.ReadAsync(bytes) > 0) { }
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // the client refused the certificate
                }
            }
        });
        return (listener, heads);
    }

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    [Fact]
    public async Task A_collector_that_is_not_there_is_one_line()
    {
        var address = $"http://127.0.0.1:{Mosquitto.FreePort()}/v1/metrics";
        using var client = Client(address);
        await ExportAsync(client, address);
        await ExportAsync(client, address);
        var line = Assert.Single(lines);
        Assert.Contains("no server listens on this port; check telemetry.otlp_endpoint", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_of_state_are_at_most_one_line_a_minute_and_the_one_that_lasts_is_reported()
    {
        var code = 503;
        var (listener, _) = Collector(() => code);
        using var end = listener;
        var address = $"http://127.0.0.1:{Port(listener)}/v1/metrics";
        using var client = Client(address);
        for (var i = 0; i < 6; i++)
        {
            code = i % 2 == 0 ? 503 : 200;
            await ExportAsync(client, address);
        }

        Assert.EndsWith("status 503: it is overloaded or starting", Assert.Single(lines), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMilliseconds(TelemetryLimits.OtlpReportMs));
        await ExportAsync(client, address);
        Assert.EndsWith("accepts metrics again", lines[1], StringComparison.Ordinal);
        foreach (var (next, text) in new[] { (401, "set telemetry.otlp_authorization_file"), (404, "check the path") })
        {
            code = next;
            time.Advance(TimeSpan.FromMilliseconds(TelemetryLimits.OtlpReportMs));
            await ExportAsync(client, address);
            Assert.Contains(text, lines[^1], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("unknown", "the collector's certificate is from an unknown authority", "set telemetry.otlp_ca_file")]
    [InlineData("expired", "the collector's certificate expired on", "renew it")]
    [InlineData("good", "", "")]
    public async Task A_certificate_is_judged_and_its_fault_is_named(string kind, string reason, string remedy)
    {
        using var keys = new TestAuthority("localhost", isExpired: kind == "expired");
        using var pem = X509Certificate2.CreateFromPemFile(keys.ServerFile, keys.ServerKeyFile);
        var (listener, heads) = Collector(() => 200, pem);
        using var end = listener;
        var address = $"https://localhost:{Port(listener)}/v1/metrics";
        var access = new CollectorAccess { Authorities = kind == "unknown" ? null : [keys.Authority], Authorization = () => "Bearer abc" };
        using var client = Client(address, access);
        await ExportAsync(client, address);
        if (kind == "good")
        {
            Assert.Empty(lines);
            Assert.Contains("Authorization: Bearer abc\r\n", Assert.Single(heads), StringComparison.Ordinal);
            return;
        }

        Assert.Contains(reason, Assert.Single(lines), StringComparison.Ordinal);
        Assert.Contains(remedy, lines[0], StringComparison.Ordinal);
        Assert.Empty(heads);
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_or_are_refused_are_named()
    {
        var (listener, _) = Collector(() => 403);
        using var end = listener;
        var address = $"http://127.0.0.1:{Port(listener)}/v1/metrics";
        Func<string> read = () => throw new OperatingException("/run/token is empty");
        using var client = Client(address, new CollectorAccess { Authorization = () => read() });
        await ExportAsync(client, address);
        Assert.EndsWith(": /run/token is empty", Assert.Single(lines), StringComparison.Ordinal);
        read = () => "Bearer wrong";
        time.Advance(TimeSpan.FromMilliseconds(TelemetryLimits.OtlpReportMs));
        await ExportAsync(client, address);
        Assert.Contains("it does not accept the content of telemetry.otlp_authorization_file", lines[1], StringComparison.Ordinal);
    }
}
