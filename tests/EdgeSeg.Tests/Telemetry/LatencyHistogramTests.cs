using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Telemetry;

public class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_are_true_to_a_percent_and_the_maximum_is_exact()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1000; i++)
            histogram.Record(i);
        var stats = histogram.Take()!;
        Assert.Equal(1000, stats.Count);
        Assert.InRange(stats.P50Ms, 495, 506);
        Assert.InRange(stats.P95Ms, 940, 960);
        Assert.InRange(stats.P99Ms, 980, 1000);
        Assert.Equal(1000, stats.MaxMs);
    }

    [Fact]
    public void Buckets_hold_what_is_at_most_their_bound_and_end_with_the_count()
    {
        var histogram = new LatencyHistogram();
        foreach (var ms in new[] { 0.1, 0.1001, 1, 9999, 10_000, 10_001, 1e9, -1, double.NaN })
            histogram.Record(ms);
        var stats = histogram.Take()!;
        Assert.Equal(LatencyHistogram.BoundsMs.Length + 1, stats.AtMost.Length);
        Assert.Equal([2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 8], stats.AtMost);
        Assert.Equal(8, stats.Count);
        Assert.Equal(60_000, stats.MaxMs);
    }

    [Fact]
    public void An_interval_holds_only_its_own()
    {
        var histogram = new LatencyHistogram();
        Assert.Null(histogram.Take());
        histogram.Record(100);
        Assert.Equal(1, histogram.Take()!.Count);
        Assert.Null(histogram.Take());
        histogram.Record(1);
        Assert.Equal(1, histogram.Take()!.MaxMs);
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        var camera = new CameraStats("front");
        StageTimes times = default;
        camera.CountOut(times, 5);
        Assert.Equal(0, Allocations.Least(Count));

        void Count()
        {
            for (var i = 0; i < 1000; i++)
            {
                camera.CountOut(times, i);
                camera.Drops.Count(DropCause.Rate);
            }
        }
    }

    [Fact]
    public async Task No_record_is_lost_between_intervals()
    {
        var histogram = new LatencyHistogram();
        var writer = Task.Run(() =>
        {
            for (var i = 0; i < 200_000; i++)
                histogram.Record(1);
        });
        long sum = 0;
        while (!writer.IsCompleted)
            sum += histogram.Take()?.Count ?? 0;
        await writer;
        sum += histogram.Take()?.Count ?? 0;
        Assert.Equal(200_000, sum);
    }

    [Fact]
    public void A_report_has_rates_and_drops_of_its_interval()
    {
        var time = new FakeTimeProvider();
        var reporter = new TelemetryCollector("d", "s", ["a", "b"], time);
        reporter.Camera("a").SetSource(300, 0, 0);
        for (var i = 0; i < 100; i++)
            reporter.Camera("a").CountOut(StageTimes.None, 10);
        reporter.Camera("a").Drops.Count(DropCause.Rate, 200);
        time.Advance(TimeSpan.FromSeconds(10));
        var info = reporter.Take(default, Samples.SilentBoard, new SwapStats(0, 0), clockSynced: true);
        Assert.Equal(10, info.IntervalS);
        Assert.Equal((30.0, 10.0), (info.Cameras[0].FpsIn, info.Cameras[0].FpsOut));
        Assert.Equal([new("rate", 200)], info.Cameras[0].Drops);
        Assert.Equal("end_to_end", Assert.Single(info.Cameras[0].Stages).Key);
        Assert.Empty(info.Cameras[1].Stages);
        Assert.True(info.Process.RssBytes > 1 << 20);
        time.Advance(TimeSpan.FromSeconds(10));
        var next = reporter.Take(default, Samples.SilentBoard, new SwapStats(0, 0), clockSynced: true).Cameras[0];
        Assert.Equal(0, next.FpsIn);
        Assert.Empty(next.Drops);
        Assert.Equal(200, reporter.Camera("a").Drops.Total);
    }

    [Fact]
    public void A_fleet_adds_up_the_buckets_of_its_devices()
    {
        var random = new Random(1);
        LatencyHistogram whole = new(),
            one = new(),
            two = new();
        long[] sum = new long[LatencyHistogram.BoundsMs.Length + 1];
        for (var interval = 0; interval < 3; interval++)
        {
            for (var i = 0; i < 1000; i++)
            {
                var ms = Math.Exp(random.NextDouble() * 14 - 4);
                whole.Record(ms);
                (i % 3 == 0 ? one : two).Record(ms);
            }

            foreach (var device in new[] { one, two })
            {
                var counts = device.Take()!.AtMost;
                for (var i = 0; i < sum.Length; i++)
                    sum[i] += counts[i];
            }
        }

        Assert.Equal(whole.Take()!.AtMost, sum);
        Assert.Equal(3000, sum[^1]);
    }

    [Theory]
    [InlineData("100 25 3 4 0 5 0\n", 25L * 4096)]
    [InlineData("", null)]
    [InlineData("100", null)]
    [InlineData("100 x 3", null)]
    public void Resident_memory_is_read_in_pages(string statm, long? bytes) =>
        Assert.Equal(bytes, TelemetryCollector.ResidentBytes(statm, 4096));
}
