namespace EdgeSeg.Platform;

/// <summary>
/// Exponential back-off with jitter. The full wait doubles from <paramref name="minMs"/> to <paramref name="maxMs"/>; each wait is half to
/// all of it, at random, so that many cameras or devices do not retry at the same moment. One thread.
/// </summary>
/// <param name="minMs">Full wait before the first retry, in milliseconds.</param>
/// <param name="maxMs">Longest full wait, in milliseconds.</param>
/// <param name="random">Source of the jitter.</param>
internal sealed class Backoff(int minMs, int maxMs, Random random)
{
    private const int MaxDoublings = 30;

    private int failures;

    public TimeSpan Next()
    {
        var full = FullWait(minMs, maxMs, failures);
        failures++;
        return full * (1 - 0.5 * random.NextDouble());
    }

    /// <summary>The wait without jitter.</summary>
    /// <param name="minMs">The wait after no failure, in milliseconds.</param>
    /// <param name="maxMs">The longest wait, in milliseconds.</param>
    /// <param name="failures">Failures before this one.</param>
    public static TimeSpan FullWait(int minMs, int maxMs, int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(maxMs, minMs * Math.Pow(2, Math.Min(failures, MaxDoublings))));

    /// <summary>The next wait is the first one again: something succeeded.</summary>
    public void Reset() => failures = 0;
}
