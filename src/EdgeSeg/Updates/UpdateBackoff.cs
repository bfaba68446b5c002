using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>Waits between attempts to update. They double; a new verified manifest and progress of the download reset them.</summary>
internal sealed class UpdateBackoff(TimeProvider time)
{
    private readonly Backoff backoff = new(UpdateLimits.UpdateRetryMinMs, UpdateLimits.UpdateRetryMaxMs, Random.Shared);
    private long mostBytes,
        until;

    /// <summary>No attempt is due.</summary>
    public bool IsResting => time.GetTimestamp() < until;

    /// <summary>The next attempt comes by itself; false: it comes now, or only when something new comes.</summary>
    public bool WillRetry => IsResting && until < long.MaxValue;

    /// <summary>The next wait is the shortest again.</summary>
    /// <param name="rests">No attempt is due until something new comes; false: one is due now.</param>
    public void Reset(bool rests = false)
    {
        backoff.Reset();
        (mostBytes, until) = (0, rests ? long.MaxValue : 0);
    }

    /// <summary>
    /// A download has come to so many bytes. Only more bytes than ever before are progress: a server that always cuts at the same place and
    /// cannot resume must not be asked every few seconds.
    /// </summary>
    public void Progress(long bytes)
    {
        if (bytes <= mostBytes)
            return;
        backoff.Reset();
        mostBytes = bytes;
    }

    /// <summary>No attempt is due until something new comes.</summary>
    public void Rest() => until = long.MaxValue;

    /// <summary>Waits for the next attempt.</summary>
    /// <param name="atLeast">What the server asked for; null: nothing.</param>
    public void Wait(TimeSpan? atLeast)
    {
        var wait = backoff.Next();
        var asked = atLeast ?? TimeSpan.Zero;
        var longest = TimeSpan.FromMilliseconds(UpdateLimits.MaxRetryAfterMs);
        if (asked > wait)
            wait = asked < longest ? asked : longest;
        until = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
    }
}
