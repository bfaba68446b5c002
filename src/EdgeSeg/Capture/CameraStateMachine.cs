using EdgeSeg.Platform;

namespace EdgeSeg.Capture;

/// <summary>
/// What is known of one camera: its state with the reason, its counts, and when it is to be opened again. Not thread-safe: its <see cref="CameraRunner"/> locks.
/// All times are nanoseconds of the monotonic clock.
/// </summary>
internal sealed class CameraStateMachine(CameraOptions options, Random random)
{
    private readonly Backoff backoff = new(CaptureLimits.CameraBackOffMinMs, CaptureLimits.CameraBackOffMaxMs, random);
    private CameraFormat? format;
    private string reason = "";
    private long grabbed,
        reconnects,
        lastFrameNs,
        openedNs,
        healthyFromNs,
        reopenNs = long.MaxValue;
    private bool awaitsFirst;

    public CameraState State { get; private set; } = CameraState.Starting;

    /// <summary>Counts changes of state or reason.</summary>
    public int Version { get; private set; }

    public long Retrieved { get; set; }

    public int AbandonedReads { get; set; }

    public CameraStatus At(long nowNs) =>
        new(State, reason, grabbed > 0 ? (nowNs - lastFrameNs) / 1e6 : double.NaN, reconnects, grabbed, Retrieved, AbandonedReads, format);

    public void Opened(CameraFormat granted, long nowNs)
    {
        (format, openedNs, reopenNs, awaitsFirst) = (granted, nowNs, long.MaxValue, true);
        // frozen and black last until the pixels say otherwise
        if (State is not (CameraState.Starting or CameraState.Frozen or CameraState.Black))
            Become(CameraState.Recovering, "opened again, no frame yet");
    }

    /// <summary>A frame is there; its content is not known yet.</summary>
    public void Arrived(long nowNs)
    {
        grabbed++;
        (lastFrameNs, awaitsFirst) = (nowNs, false);
        if (State == CameraState.Streaming)
        {
            if (nowNs - healthyFromNs >= CaptureLimits.CameraBackOffResetMs * 1_000_000L)
                backoff.Reset();
        }
        else if (State is not (CameraState.Frozen or CameraState.Black))
            Stream(nowNs);
    }

    /// <summary>The pixels were looked at.</summary>
    public void Looked(PictureFault fault, int brightness, long nowNs)
    {
        var seen = fault switch
        {
            PictureFault.Frozen => CameraState.Frozen,
            PictureFault.Black => CameraState.Black,
            _ => CameraState.Streaming,
        };
        if (seen == State)
            return;
        if (seen == CameraState.Streaming)
            Stream(nowNs);
        else if (seen == CameraState.Black)
            Become(seen, $"pictures are black (mean brightness {brightness} of 255); look for a covered lens or missing light");
        else
            Become(seen, $"the same picture for {options.FreezeS:0.#} s; the camera or its driver is stuck");
        reopenNs = long.MaxValue;
    }

    /// <summary>The reason to open the camera again although it gives frames; null when there is none.</summary>
    public string? ReopeningDue(long nowNs)
    {
        if (State is not (CameraState.Frozen or CameraState.Black))
            return null;
        if (reopenNs == long.MaxValue)
            reopenNs = nowNs + backoff.Next().Ticks * 100;
        return nowNs >= reopenNs ? reason : null;
    }

    /// <summary>Returns how long to wait before the next attempt; a frozen or black camera has waited before.</summary>
    public TimeSpan Lost(string why)
    {
        if (State is CameraState.Frozen or CameraState.Black && reason == why)
            return TimeSpan.Zero;
        Become(CameraState.Lost, why);
        return backoff.Next();
    }

    public void Ended() => Become(CameraState.Ended, "the source has no more pictures");

    /// <summary>Judges the silence since a call into the camera began; true when it has just become a stall.</summary>
    public bool Silent(long callNs, long nowNs)
    {
        if (format is null || State is CameraState.Stalled or CameraState.Lost or CameraState.Ended)
            return false;
        var fps = format.Fps > 0 ? format.Fps : 10;
        var allowedMs = awaitsFirst
            ? CaptureLimits.CameraFirstFrameMs
            : Math.Max(CaptureLimits.CameraStallMinMs, options.StallFrames * 1000 / fps);
        var silentMs = (nowNs - Math.Max(callNs, Math.Max(lastFrameNs, openedNs))) / 1e6;
        if (silentMs <= allowedMs)
            return false;
        Become(CameraState.Stalled, $"no frame for {silentMs:0} ms");
        return true;
    }

    /// <summary>A call is abandoned. Returns the wait before the next attempt, or null when too many are out.</summary>
    public TimeSpan? Abandoned()
    {
        AbandonedReads++;
        if (AbandonedReads >= CaptureLimits.MaxAbandonedReads)
        {
            Become(CameraState.Hung, $"{AbandonedReads} calls into the camera never came back; the process must be started again");
            return null;
        }

        Become(CameraState.Lost, "a call into the camera did not come back and was abandoned");
        return backoff.Next();
    }

    private void Stream(long nowNs)
    {
        if (State is CameraState.Lost or CameraState.Recovering && grabbed > 1)
            reconnects++;
        healthyFromNs = nowNs;
        Become(CameraState.Streaming, "");
    }

    private void Become(CameraState next, string why)
    {
        if (State == next && reason == why)
            return;
        (State, reason) = (next, why);
        Version++;
    }
}
