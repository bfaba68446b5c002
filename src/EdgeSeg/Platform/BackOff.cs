namespace EdgeSeg.Platform;

/// <summary>Waits that double from a minimum to a maximum, each shortened by up to a half at random, so that many cameras or devices do not knock together.</summary>
internal sealed class BackOff(int minMs, int maxMs, Random random)
{
    private int failures;

    public TimeSpan Next()
    {
        var fullMs = Math.Min(maxMs, minMs * Math.Pow(2, Math.Min(failures, 30)));
        failures++;
        return TimeSpan.FromMilliseconds(fullMs * (1 - 0.5 * random.NextDouble()));
    }

    public void Reset() => failures = 0;
}
