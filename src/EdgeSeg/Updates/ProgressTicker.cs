namespace EdgeSeg.Updates;

/// <summary>Passes a growing figure on, at most every <see cref="UpdateLimits.UpdateProgressMs"/>, and the last one at the end.</summary>
internal sealed class ProgressTicker(Action<long> publish, TimeProvider time)
{
    private long since = time.GetTimestamp();

    public void Tick(long figure)
    {
        if (time.GetElapsedTime(since).TotalMilliseconds < UpdateLimits.UpdateProgressMs)
            return;
        since = time.GetTimestamp();
        publish(figure);
    }

    /// <summary>The final figure, whenever the last one was.</summary>
    public void Finish(long figure) => publish(figure);
}
