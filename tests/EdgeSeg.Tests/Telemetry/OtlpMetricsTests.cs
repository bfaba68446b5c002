using System.Net;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.Telemetry;

public class OtlpMetricsTests
{
    [Fact]
    public async Task A_collector_receives_the_metrics_over_http()
    {
        using var collector = Listening(out var port);
        using var metrics = new OtlpMetrics(
            $"http://127.0.0.1:{port}",
            "robot-7",
            Samples.Session,
            "1.2.3",
            "north",
            intervalS: 0.05,
            _ => { }
        );
        metrics.Update(Samples.Telemetry() with { Samples = new SampleStats(3, 4, 5, 1, 2, 7) }, Samples.Service);
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
                    "north",
                    "edgeseg.link.waiting",
                    "edgeseg.alerts",
                    "disk_low",
                    "edgeseg.masks.predicted_iou",
                    "edgeseg.samples.kept",
                    "edgeseg.samples.left_out",
                }
            )
                Assert.Contains(word, text, StringComparison.Ordinal);
            break;
        }
    }

    /// <summary>A listener takes no port 0. Where another process takes the free port before it, it is tried with another one.</summary>
    private static HttpListener Listening(out int port)
    {
        for (var tries = 1; ; tries++)
        {
            port = Mosquitto.FreePort();
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException) when (tries < 20)
            {
                listener.Close();
            }
        }
    }

    [Fact]
    public async Task A_collector_that_cannot_be_reached_does_not_delay_the_end()
    {
        var metrics = new OtlpMetrics(
            $"http://127.0.0.1:{Mosquitto.FreePort()}",
            "robot-7",
            Samples.Session,
            "1",
            "",
            intervalS: 3600,
            _ => { }
        );
        metrics.Update(Samples.Telemetry(), Samples.Service);
        // fails with a timeout where stopping waits for the collector without bound
        await Task.Run(metrics.Dispose).WaitAsync(TimeSpan.FromSeconds(Wait.LimitS));
    }

    [Theory]
    [InlineData("http://collector:4318", "http://collector:4318/v1/metrics")]
    [InlineData("http://collector:4318/", "http://collector:4318/v1/metrics")]
    [InlineData("https://collector/otlp", "https://collector/otlp/v1/metrics")]
    [InlineData("https://collector/otlp/v1/metrics", "https://collector/otlp/v1/metrics")]
    public void An_address_without_a_path_gets_the_protocols_own(string endpoint, string address) =>
        Assert.Equal(address, OtlpMetrics.Address(endpoint).ToString());
}
