using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>deploy/grafana/edgeseg.json: every panel queries metrics and labels that the service exports.</summary>
public class DashboardTests
{
    private const string Rules = "deploy/grafana/edgeseg.rules.yml";

    // "up" is Prometheus's own
    private static string[] Names(string query) => [.. Regex.Matches(query, @"(?:edgeseg|process)_[a-z_]+|\bup\b").Select(m => m.Value)];

    private static string Exported()
    {
        var metrics = new PrometheusMetrics();
        metrics.Update(Samples.Telemetry(), Samples.Service);
        return Encoding.UTF8.GetString(metrics.Text) + "\nup{";
    }

    [Fact]
    public void Every_metric_of_the_alert_rules_is_exported()
    {
        var page = Exported();
        var queries = Regex.Matches(File.ReadAllText(Repository.PathOf(Rules)), "expr: (.*)").Select(m => m.Groups[1].Value).ToArray();
        string[] names = [.. queries.SelectMany(Names)];
        Assert.Equal(["up", "edgeseg_alerts", "edgeseg_model_update_failed"], names);
        Assert.All(names, n => Assert.Contains($"\n{n}{{", page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_alert_rules_fire_for_a_device_that_is_down_has_an_alert_or_a_failed_update()
    {
        Assert.SkipUnless(Published.HasTool("promtool"), "promtool is not installed (Debian package prometheus)");
        using var scratch = new Scratch();
        var test = scratch.Write(
            "test.yml",
            Encoding.UTF8.GetBytes(
                $$"""
                rule_files: ["{{Repository.PathOf(Rules)}}"]
                evaluation_interval: 1m
                tests:
                  - interval: 1m
                    input_series:
                      - { series: 'up{job="edgeseg",instance="a:8088"}', values: "0x10" }
                      - { series: 'up{job="edgeseg",instance="b:8088"}', values: "1x10" }
                      - { series: 'edgeseg_alerts{device="b",code="disk_low"}', values: "1x10" }
                      - { series: 'edgeseg_model_update_failed{device="b"}', values: "1x10" }
                      - { series: 'edgeseg_model_update_failed{device="c"}', values: "0x10" }
                    promql_expr_test:
                      - expr: count by (alertname) (ALERTS{alertstate="firing"})
                        eval_time: 8m
                        exp_samples:
                          - { labels: '{alertname="EdgesegAlert"}', value: 1 }
                          - { labels: '{alertname="EdgesegDeviceDown"}', value: 1 }
                          - { labels: '{alertname="EdgesegModelUpdateFailed"}', value: 1 }
                """
            )
        );
        var (code, output, errors) = Published.Run("promtool", ["test", "rules", test]);
        Assert.True(code == 0, output + errors);
    }

    [Fact]
    public void Every_metric_and_label_of_the_dashboard_is_exported()
    {
        var page = Exported();
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("deploy/grafana/edgeseg.json")));
        var targets = dashboard
            .RootElement.GetProperty("panels")
            .EnumerateArray()
            .SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .ToArray();
        Assert.Contains("\"label_values(edgeseg_info, fleet)\"", dashboard.RootElement.GetRawText(), StringComparison.Ordinal);
        Assert.True(targets.Length >= 16, $"only {targets.Length} queries");
        // 24 columns: a panel of another width is not drawn
        Assert.All(
            dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(p => p.GetProperty("gridPos")),
            place => Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24)
        );
        foreach (var target in targets)
        {
            var query = target.GetProperty("expr").GetString()!;
            var names = Names(query);
            Assert.NotEmpty(names);
            Assert.All(
                names,
                name => Assert.True(page.Contains($"\n{name}{{", StringComparison.Ordinal), $"{name} of {query} is not exported")
            );
            foreach (Match label in Regex.Matches(target.GetProperty("legendFormat").GetString()!, @"\{\{(\w+)\}\}"))
                Assert.Contains($"{label.Groups[1].Value}=\"", page, StringComparison.Ordinal);
        }
    }
}
