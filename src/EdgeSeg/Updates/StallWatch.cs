namespace EdgeSeg.Updates;

/// <summary>
/// Ends waits for a source: any that lasts for <see cref="UpdateLimits.DownloadStallMs"/>, and a body that comes slower than
/// <see cref="UpdateLimits.DownloadMinBytesPerS"/> over that time. Only time spent waiting for the source counts, not that of a slow disk
/// or of the own rate limit.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private static readonly TimeSpan longest = TimeSpan.FromMilliseconds(UpdateLimits.DownloadStallMs);

    private readonly TimeProvider time;
    private readonly CancellationTokenSource silence,
        either;
    private long began,
        got;
    private TimeSpan waited;

    public StallWatch(TimeProvider time, CancellationToken cancel)
    {
        this.time = time;
        silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token);
    }

    /// <summary>Cancelled when a wait has lasted too long, or by the caller.</summary>
    public CancellationToken Token => either.Token;

    /// <summary>A wait has lasted too long.</summary>
    public bool IsStalled => silence.IsCancellationRequested;

    /// <summary>A body begins: earlier waits do not count.</summary>
    public void BeginBody() => (got, waited) = (0, TimeSpan.Zero);

    public void BeginWait()
    {
        began = time.GetTimestamp();
        silence.CancelAfter(longest);
    }

    public void EndWait() => silence.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>Ends a wait for the body. False: it comes too slowly.</summary>
    public bool EndWait(int bytes)
    {
        EndWait();
        waited += time.GetElapsedTime(began);
        got += bytes;
        if (waited < longest)
            return true;
        if (got < UpdateLimits.DownloadMinBytesPerS * waited.TotalSeconds)
            return false;
        BeginBody();
        return true;
    }

    public void Dispose()
    {
        either.Dispose();
        silence.Dispose();
    }
}
