namespace EdgeSeg.Platform;

/// <summary>
/// Waits of one thread by a <see cref="TimeProvider"/>, without allocating for each; ended at once and for ever by <see cref="Cancel"/>
/// from another.
/// </summary>
internal sealed class CancellableDelay : IDisposable
{
    private readonly AutoResetEvent due = new(false);
    private readonly ITimer timer;
    private readonly TimeProvider time;
    private volatile bool cancelled;

    public CancellableDelay(TimeProvider time)
    {
        this.time = time;
        timer = time.CreateTimer(static state => ((AutoResetEvent)state!).Set(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>False when cancelled.</summary>
    public bool Wait(TimeSpan duration)
    {
        var start = time.GetTimestamp();
        // a signal left over from a former wait must not cut this one short
        while (!cancelled && time.GetElapsedTime(start) is var elapsed && elapsed < duration)
        {
            // timers count whole milliseconds: rounded up, so that one wait is enough
            timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling((duration - elapsed).TotalMilliseconds)), Timeout.InfiniteTimeSpan);
            due.WaitOne();
        }

        return !cancelled;
    }

    public void Cancel()
    {
        cancelled = true;
        due.Set();
    }

    public void Dispose() => timer.Dispose();
}
