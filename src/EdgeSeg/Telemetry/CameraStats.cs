using EdgeSeg.Capture;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Telemetry;

/// <summary>
/// Counts and latencies of one camera: written by its capture and inference threads without allocating, read by the
/// <see cref="TelemetryCollector"/>.
/// </summary>
internal sealed class CameraStats(string id)
{
    private readonly LatencyHistogram[] stages = [.. Enumerable.Range(0, StageTimes.Count).Select(_ => new LatencyHistogram())];
    private readonly LatencyHistogram endToEnd = new();
    private readonly long[] dropsReported = new long[Drops.Names.Length];
    private long framesIn,
        framesOut,
        framesInReported,
        framesOutReported,
        reconnects;
    private int framesHeld;

    public string Id { get; } = id;

    /// <summary>What was dropped since the session began, by cause.</summary>
    public Drops Drops { get; } = new();

    /// <summary>
    /// Counts of the camera itself: frames and reconnects since the session began, and frames of its pool in use. Set before
    /// <see cref="Take"/>, by the same thread.
    /// </summary>
    public void SetSource(long frames, long reconnects, int held) => (framesIn, this.reconnects, framesHeld) = (frames, reconnects, held);

    /// <summary>A frame went all the way: its stage times, and its age in milliseconds when its mask was handed over.</summary>
    public void CountOut(in StageTimes times, double endToEndMs)
    {
        Interlocked.Increment(ref framesOut);
        for (var i = 0; i < stages.Length; i++)
            stages[i].Record(times[(Stage)i]);
        endToEnd.Record(endToEndMs);
    }

    /// <summary>The figures since the last call.</summary>
    internal CameraTelemetry Take(double intervalS)
    {
        var taken = new List<KeyValuePair<string, StageStats>>(StageTimes.Count + 1);
        for (var i = 0; i < stages.Length; i++)
        {
            if (stages[i].Take() is { } figures)
                taken.Add(new(StageTimes.Names[i], figures));
        }

        if (endToEnd.Take() is { } whole)
            taken.Add(new("end_to_end", whole));
        var causes = new List<KeyValuePair<string, long>>(dropsReported.Length);
        for (var i = 0; i < dropsReported.Length; i++)
        {
            if (Since(Drops[(DropCause)i], ref dropsReported[i]) is > 0 and var n)
                causes.Add(new(Drops.Names[i], n));
        }

        return new CameraTelemetry(
            Id,
            Since(framesIn, ref framesInReported) / intervalS,
            Since(Interlocked.Read(ref framesOut), ref framesOutReported) / intervalS,
            reconnects,
            framesHeld,
            causes,
            taken
        );
    }

    private static long Since(long now, ref long reported)
    {
        var since = now - reported;
        reported = now;
        return since;
    }
}
