namespace EdgeSeg.Updates;

/// <summary>Limits a rate: at most three quarters of a second's share are taken at once.</summary>
/// <param name="bytesPerS">0: no limit.</param>
/// <param name="time">Clock.</param>
internal sealed class RateLimiter(long bytesPerS, TimeProvider time)
{
    // timers fire a little late: this much may be caught up
    private readonly long credit = time.TimestampFrequency / 4;
    private long due = time.GetTimestamp();

    /// <summary>Most bytes to take before the next payment.</summary>
    public int ReadBytes { get; } =
        bytesPerS == 0 ? UpdateLimits.DownloadBufferBytes : (int)Math.Clamp(bytesPerS / 2, 1, UpdateLimits.DownloadBufferBytes);

    /// <summary>Completes when the next bytes may be taken.</summary>
    public Task PayAsync(int bytes, CancellationToken cancel)
    {
        if (bytesPerS == 0)
            return Task.CompletedTask;
        var now = time.GetTimestamp();
        due = Math.Max(due, now - credit) + bytes * time.TimestampFrequency / bytesPerS;
        return due <= now ? Task.CompletedTask : Task.Delay(time.GetElapsedTime(now, due), time, cancel);
    }
}
