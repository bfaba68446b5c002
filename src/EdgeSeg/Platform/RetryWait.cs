namespace EdgeSeg.Platform;

/// <summary>Waits between attempts: doubled each time up to a bound, and jittered so that a fleet does not come back as one.</summary>
internal static class RetryWait
{
    /// <param name="minMs">The full wait before the first repeat.</param>
    /// <param name="maxMs">The longest full wait.</param>
    /// <param name="attempt">0 is the first repeat.</param>
    /// <param name="jitter">Drawn from 0..1; the wait is half the full one to all of it.</param>
    public static double Ms(int minMs, int maxMs, int attempt, double jitter) => Math.Min(maxMs, minMs * Math.Pow(2, Math.Min(attempt, 30))) * (0.5 + 0.5 * jitter);
}
