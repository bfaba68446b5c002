using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using EdgeSeg.Messages;
using EdgeSeg.WebConsole;
using Xunit;

namespace EdgeSeg.Telemetry;

public class PrometheusMetricsTests
{
    private static Dictionary<string, double> Samples(byte[] page) =>
        Encoding
            .UTF8.GetString(page)
            .Split('\n')
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => l.Split(' '))
            .ToDictionary(p => p[0], p => double.Parse(p[1], CultureInfo.InvariantCulture));

    [Fact]
    public void Counters_add_up_over_intervals_and_gauges_are_the_last()
    {
        var metrics = new PrometheusMetrics();
        Assert.Empty(metrics.Text);
        metrics.Update(Messages.Samples.Telemetry(), Messages.Samples.Service);
        metrics.Update(Messages.Samples.Telemetry(), Messages.Samples.Service);
        var samples = Samples(metrics.Text);
        Assert.Equal(60, samples["edgeseg_camera_frames_total{device=\"robot-7\",camera=\"front\"}"]);
        Assert.Equal(4, samples["edgeseg_camera_masks_total{device=\"robot-7\",camera=\"front\"}"]);
        Assert.Equal(2, samples["edgeseg_camera_dropped_total{device=\"robot-7\",camera=\"front\",cause=\"rate\"}"]);
        const string stage = "{device=\"robot-7\",camera=\"front\",stage=\"end_to_end\"";
        Assert.Equal(4, samples[$"edgeseg_stage_duration_seconds_count{stage}}}"]);
        Assert.Equal(0.22, samples[$"edgeseg_stage_duration_seconds_sum{stage}}}"], 6);
        Assert.Equal(2, samples[$"edgeseg_stage_duration_seconds_bucket{stage},le=\"0.05\"}}"]);
        Assert.Equal(4, samples[$"edgeseg_stage_duration_seconds_bucket{stage},le=\"+Inf\"}}"]);
        Assert.Equal(2, samples["edgeseg_alerts{device=\"robot-7\",code=\"camera_lost\"}"]);
        Assert.Equal(61.23, samples["edgeseg_temperature_celsius{device=\"robot-7\",zone=\"cpu\"}"]);
        Assert.Equal(0.9, samples["edgeseg_masks_found_ratio{device=\"robot-7\"}"]);
    }

    [Theory]
    [InlineData("downloading", null, 0)]
    [InlineData("waiting", "not_in_rollout", 0)]
    [InlineData("active", null, 0)]
    [InlineData("refused", "bad_signature", 1)]
    [InlineData("rolled_back", "canary_failed", 1)]
    public void The_state_of_an_update_is_shown_with_its_version_and_reason(string state, string? reason, double failed)
    {
        var metrics = new PrometheusMetrics();
        metrics.Update(
            Messages.Samples.Telemetry(),
            Messages.Samples.Service with
            {
                Update = new UpdateStats(
                    state,
                    state is UpdateReport.Refused or UpdateReport.RolledBack,
                    8,
                    reason,
                    state == "downloading" ? 5 : null,
                    10
                ),
            }
        );
        var samples = Samples(metrics.Text);
        Assert.Equal(1, samples[$"edgeseg_model_update_info{{device=\"robot-7\",state=\"{state}\",version=\"8\",reason=\"{reason}\"}}"]);
        Assert.Equal(failed, samples["edgeseg_model_update_failed{device=\"robot-7\"}"]);
        Assert.Equal(10, samples["edgeseg_model_update_size_bytes{device=\"robot-7\"}"]);
        Assert.Equal(state == "downloading", samples.ContainsKey("edgeseg_model_update_received_bytes{device=\"robot-7\"}"));
    }

    [Fact]
    public void Without_updates_there_is_no_state_of_one()
    {
        var metrics = new PrometheusMetrics();
        metrics.Update(Messages.Samples.Telemetry(), Messages.Samples.Service with { Update = null });
        Assert.DoesNotContain("model_update", Encoding.UTF8.GetString(metrics.Text), StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_kept_for_labelling_are_counted_where_they_are_kept()
    {
        var metrics = new PrometheusMetrics();
        metrics.Update(Messages.Samples.Telemetry(), Messages.Samples.Service);
        Assert.DoesNotContain("edgeseg_samples", Encoding.UTF8.GetString(metrics.Text), StringComparison.Ordinal);
        metrics.Update(Messages.Samples.Telemetry() with { Samples = new SampleStats(3, 4_000_000, 5, 1, 2, 7) }, Messages.Samples.Service);
        var samples = Samples(metrics.Text);
        Assert.Equal(3, samples["edgeseg_samples_kept{device=\"robot-7\"}"]);
        Assert.Equal(4_000_000, samples["edgeseg_samples_bytes{device=\"robot-7\"}"]);
        Assert.Equal(5, samples["edgeseg_samples_written_total{device=\"robot-7\"}"]);
        Assert.Equal(2, samples["edgeseg_samples_left_out_total{device=\"robot-7\",cause=\"dropped\"}"]);
        Assert.Equal(7, samples["edgeseg_samples_left_out_total{device=\"robot-7\",cause=\"failed\"}"]);
    }

    [Fact]
    public void Every_metric_has_its_help_and_type_before_its_samples_and_is_named_by_the_rules()
    {
        var metrics = new PrometheusMetrics();
        metrics.Update(Messages.Samples.Telemetry() with { Samples = new SampleStats(3, 4, 5, 1, 2, 7) }, Messages.Samples.Service);
        var typed = new Dictionary<string, string>();
        foreach (var line in Encoding.UTF8.GetString(metrics.Text).TrimEnd('\n').Split('\n'))
        {
            if (Regex.Match(line, "^# TYPE ([a-z_]+) (gauge|counter|histogram)$") is { Success: true } type)
                typed.Add(type.Groups[1].Value, type.Groups[2].Value);
            if (line[0] == '#')
                continue;
            var name = line[..line.IndexOf('{', StringComparison.Ordinal)];
            var family = Regex.Replace(name, "_(bucket|sum|count)$", "");
            Assert.True(typed.ContainsKey(family) || typed.ContainsKey(name), $"{name} has no type");
        }

        Assert.All(typed, t => Assert.True(t.Value == "counter" == t.Key.EndsWith("_total", StringComparison.Ordinal), t.Key));
    }

    [Fact]
    public async Task The_listener_serves_metrics_where_they_are_on_and_no_page_without_the_console()
    {
        using var listener = WebListener.Open(IPAddress.Loopback, 0, page: null);
        listener.Metrics = new PrometheusMetrics();
        listener.Metrics.Update(Messages.Samples.Telemetry(), Messages.Samples.Service);
        listener.Start();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{listener.EndPoint.Port}") };
        var answer = await http.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(listener.Metrics.Text, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode);
        listener.Metrics = null;
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/metrics", TestContext.Current.CancellationToken)).StatusCode);
    }
}
