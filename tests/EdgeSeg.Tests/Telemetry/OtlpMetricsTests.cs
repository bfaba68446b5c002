using System.Net;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.Telemetry;

public class OtlpMetricsTests
{
    [Fact]
    public async Task A_collector_hears_the_figures_over_http()
    {
        using var collector = new HttpListener();
        var port = Mosquitto.FreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        using var metrics = new OtlpMetrics($"http://127.0.0.1:{port}", "robot-7", Samples.Session, "1.2.3", intervalS: 0.05);
        metrics.Tell(Samples.Telemetry());
        while (true)
        {
            var call = await collector.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(Wait.LimitS));
            using var body = new MemoryStream();
            await call.Request.InputStream.CopyToAsync(body);
            call.Response.Close();
            var text = Encoding.Latin1.GetString(body.ToArray());
            Assert.Equal(("/v1/metrics", "application/x-protobuf"), (call.Request.Url!.AbsolutePath, call.Request.ContentType));
            if (!text.Contains("edgeseg.frames.out", StringComparison.Ordinal))
                continue;
            foreach (
                var word in new[]
                {
                    "edgeseg.stage.duration",
                    "end_to_end",
                    "p95",
                    "edgeseg.temperature",
                    "edgeseg.drops",
                    "inference_busy",
                    "robot-7",
                    "1.2.3",
                }
            )
                Assert.Contains(word, text, StringComparison.Ordinal);
            break;
        }
    }

    [Fact]
    public void A_collector_that_is_away_is_no_fault_and_does_not_hold_up_the_end()
    {
        var metrics = new OtlpMetrics($"http://127.0.0.1:{Mosquitto.FreePort()}", "robot-7", Samples.Session, "1", intervalS: 3600);
        metrics.Tell(Samples.Telemetry());
        var since = System.Diagnostics.Stopwatch.GetTimestamp();
        metrics.Dispose();
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(since).TotalMilliseconds < TelemetryLimits.OtlpTimeoutMs);
    }

    [Theory]
    [InlineData("http://collector:4318", "http://collector:4318/v1/metrics")]
    [InlineData("https://collector/otlp/v1/metrics", "https://collector/otlp/v1/metrics")]
    public void An_address_without_a_path_gets_the_protocols_own(string endpoint, string address) =>
        Assert.Equal(address, OtlpMetrics.Address(endpoint).ToString());
}
