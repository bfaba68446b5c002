using HdrHistogram;

namespace EdgeSeg.Telemetry;

/// <summary>
/// Latencies of one interval in milliseconds. <see cref="AtMost"/>: for each of <see cref="LatencyHistogram.BoundsMs"/> how many were at
/// most that long, and at its end how many there were in all; these counts can be added up over devices, percentiles cannot.
/// </summary>
internal sealed record StageStats(long Count, double P50Ms, double P95Ms, double P99Ms, double MaxMs, long[] AtMost, double SumMs = 0);

/// <summary>
/// Latencies of one stage: recorded by any thread without allocating, taken an interval at a time by another. Percentiles are true to
/// 1 % (two significant digits), the maximum is exact; latencies above <see cref="TelemetryLimits.MaxLatencyUs"/> count as that.
/// </summary>
internal sealed class LatencyHistogram
{
    private static readonly double[] boundsMs = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000];

    private readonly Lock gate = new();
    private Interval active = new();
    private Interval idle = new();

    /// <summary>Upper bounds of the fixed buckets, in milliseconds; part of the wire contract: never changed within a version.</summary>
    public static ReadOnlySpan<double> BoundsMs => boundsMs;

    /// <summary>Records a latency; NaN (a stage that did not take place) is not one, and one below zero counts as zero.</summary>
    public void Record(double ms)
    {
        if (double.IsNaN(ms))
            return;
        var us = (long)Math.Clamp(ms * 1000, 0, TelemetryLimits.MaxLatencyUs);
        var bucket = 0;
        while (bucket < boundsMs.Length && ms > boundsMs[bucket])
            bucket++;
        lock (gate)
        {
            active.Histogram.RecordValue(us);
            active.Buckets[bucket]++;
            active.SumUs += us;
            if (us > active.MaxUs)
                active.MaxUs = us;
        }
    }

    /// <summary>What was recorded since the last call; null when there was nothing. One caller at a time.</summary>
    public StageStats? Take()
    {
        lock (gate)
            (active, idle) = (idle, active);
        var count = idle.Histogram.TotalCount;
        if (count == 0)
            return null;
        var atMost = new long[idle.Buckets.Length];
        long sum = 0;
        for (var i = 0; i < atMost.Length; i++)
            atMost[i] = sum += idle.Buckets[i];
        var stats = new StageStats(count, At(50), At(95), At(99), idle.MaxUs / 1000.0, atMost, idle.SumUs / 1000.0);
        idle.Clear();
        return stats;
    }

    // a bucket's upper edge may lie above the largest value that is in it
    private double At(double percentile) => Math.Min(idle.Histogram.GetValueAtPercentile(percentile), idle.MaxUs) / 1000.0;

    private sealed class Interval
    {
        public readonly IntHistogram Histogram = new(1, TelemetryLimits.MaxLatencyUs, 2);
        public readonly long[] Buckets = new long[boundsMs.Length + 1];
        public long MaxUs;
        public long SumUs;

        public void Clear()
        {
            Histogram.Reset();
            Array.Clear(Buckets);
            MaxUs = 0;
            SumUs = 0;
        }
    }
}
