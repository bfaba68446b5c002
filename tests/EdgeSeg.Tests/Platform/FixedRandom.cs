namespace EdgeSeg.Platform;

/// <summary>Jitter that a test sets: <paramref name="value"/> is each number drawn, 0 to below 1.</summary>
internal sealed class FixedRandom(double value) : Random
{
    public override double NextDouble() => value;
}
