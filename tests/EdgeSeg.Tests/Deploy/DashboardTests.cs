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
    [Fact]
    public void Every_metric_and_label_of_the_dashboard_is_exported()
    {
        var metrics = new PrometheusMetrics();
        metrics.Update(Samples.Telemetry(), Samples.Service);
        var page = Encoding.UTF8.GetString(metrics.Text);
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("deploy/grafana/edgeseg.json")));
        var targets = dashboard
            .RootElement.GetProperty("panels")
            .EnumerateArray()
            .SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .ToArray();
        Assert.True(targets.Length >= 12, $"only {targets.Length} queries");
        // 24 columns: a panel of another width is not drawn
        Assert.All(
            dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(p => p.GetProperty("gridPos")),
            place => Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24)
        );
        foreach (var target in targets)
        {
            var query = target.GetProperty("expr").GetString()!;
            var names = Regex.Matches(query, "(?:edgeseg|process)_[a-z_]+").Select(m => m.Value).ToArray();
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
