using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>Waits between attempts to update. They double; a new manifest and progress of the download reset them.</summary>
internal sealed class UpdateBackoff
{
    private readonly Backoff backoff = new(UpdateLimits.UpdateRetryMinMs, UpdateLimits.UpdateRetryMaxMs, Random.Shared);
    private long mostBytes;

    /// <summary>Something new came: the next wait is the shortest again.</summary>
    public void Reset()
    {
        backoff.Reset();
        mostBytes = 0;
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

    /// <summary>The next wait.</summary>
    /// <param name="atLeast">What the server asked for; null: nothing.</param>
    public TimeSpan Next(TimeSpan? atLeast)
    {
        var wait = backoff.Next();
        var asked = atLeast ?? TimeSpan.Zero;
        var longest = TimeSpan.FromMilliseconds(UpdateLimits.MaxRetryAfterMs);
        return asked > longest ? longest
            : asked > wait ? asked
            : wait;
    }
}
