namespace EdgeSeg.Sampling;

/// <summary>
/// How many frames may still be written in the current 24 hours. Those run by the monotonic clock; the wall clock only carries them over a
/// restart, so a jump of it gives at most one more day's writes for each restart. One thread.
/// </summary>
internal sealed class SampleBudget(int maxPerDay, TimeProvider time)
{
    private static readonly TimeSpan day = TimeSpan.FromHours(24);

    private long begin = time.GetTimestamp();
    private TimeSpan before;
    private int count;

    /// <summary>Goes on with the 24 hours of a former run.</summary>
    /// <param name="beginUtc">Their begin.</param>
    /// <param name="written">Frames written in them.</param>
    public void Resume(DateTimeOffset beginUtc, int written)
    {
        var age = time.GetUtcNow() - beginUtc;
        begin = time.GetTimestamp();
        // a clock that went back: the 24 hours start again, and what was written still counts
        (before, count) = age >= day ? (TimeSpan.Zero, 0) : (age > TimeSpan.Zero ? age : TimeSpan.Zero, written);
    }

    /// <summary>Counts one more, if it may be written.</summary>
    public bool TryTake()
    {
        if (before + time.GetElapsedTime(begin) >= day)
            (begin, before, count) = (time.GetTimestamp(), TimeSpan.Zero, 0);
        if (count >= maxPerDay)
            return false;
        count++;
        return true;
    }

    /// <summary>For <see cref="Resume"/>.</summary>
    public (DateTimeOffset BeginUtc, int Count) Now => (time.GetUtcNow() - before - time.GetElapsedTime(begin), count);
}
