namespace EdgeSeg.Updates;

/// <summary>Passes a growing figure on, at most every <see cref="UpdateLimits.UpdateProgressMs"/>.</summary>
internal sealed class ProgressTicker(Action<long> tell, TimeProvider time)
{
    private long told = time.GetTimestamp();

    public void Tick(long figure)
    {
        if (time.GetElapsedTime(told).TotalMilliseconds < UpdateLimits.UpdateProgressMs)
            return;
        told = time.GetTimestamp();
        tell(figure);
    }
}
