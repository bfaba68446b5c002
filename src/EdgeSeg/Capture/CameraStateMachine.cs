using EdgeSeg.Platform;

namespace EdgeSeg.Capture;

/// <summary>
/// The state of one camera with its reason, its counts, and when it is opened again. Not thread-safe: its <see
/// cref="CameraRunner"/> locks. All times are nanoseconds of the monotonic clock.
/// </summary>
internal sealed class CameraStateMachine(CameraOptions options, Random random)
{
    private readonly Backoff backoff = new(CaptureLimits.CameraBackOffMinMs, CaptureLimits.CameraBackOffMaxMs, random);
    private CameraFormat? format;
    private readonly string remedy = CameraRemedy.For(options.Uri);
    private string reason = "",
        cause = "";
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

    public long Retrieved { get; private set; }

    /// <summary>Frames came and none could be decoded: only a decoded one makes the camera streaming again.</summary>
    public bool NeedsPicture { get; set; }

    public int AbandonedReads { get; set; }

    public CameraStatus At(long nowNs) =>
        new(State, reason, grabbed > 0 ? (nowNs - lastFrameNs) / 1e6 : double.NaN, reconnects, grabbed, Retrieved, AbandonedReads, format)
        {
            Cause = cause,
            Remedy = remedy,
        };

    /// <summary>No frame since the source was opened.</summary>
    public bool AwaitsFirst => awaitsFirst;

    public void Opened(CameraFormat granted, long nowNs)
    {
        (format, openedNs, reopenNs, awaitsFirst) = (granted, nowNs, long.MaxValue, true);
        // frozen and black last until the pixels change
        if (State is not (CameraState.Starting or CameraState.Frozen or CameraState.Black))
            Become(
                CameraState.Recovering,
                cause.Length == 0 ? "opened again, no frame yet" : $"opened again, no frame yet; last fault: {cause}"
            );
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
        else if (State is not (CameraState.Frozen or CameraState.Black) && !NeedsPicture)
            Stream(nowNs);
    }

    /// <summary>A frame was decoded and passed on.</summary>
    public void Delivered(long nowNs)
    {
        Retrieved++;
        if (!NeedsPicture)
            return;
        NeedsPicture = false;
        if (State is not (CameraState.Frozen or CameraState.Black))
            Stream(nowNs);
    }

    /// <summary>The pixels were checked.</summary>
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
        awaitsFirst = false;
        // the source was closed because of a stall; its message on closing may give more details
        cause = State == CameraState.Stalled ? $"{reason}; on closing: {why}" : why;
        Become(CameraState.Lost, cause);
        return backoff.Next();
    }

    /// <summary>The source has no more pictures.</summary>
    /// <param name="remark">What was wrong with it; empty: nothing.</param>
    public void Ended(string remark) => Become(CameraState.Ended, remark.Length > 0 ? remark : "the source has no more pictures");

    /// <summary>Checks how long a call into the camera has been silent; true when that has just become a stall.</summary>
    public bool Silent(long callNs, long nowNs)
    {
        if (format is null || State is CameraState.Stalled or CameraState.Lost or CameraState.Ended)
            return false;
        var fps = format.Fps > 0 ? format.Fps : 10;
        var allowedMs = awaitsFirst
            ? options.OpenTimeoutS * 1000
            : Math.Max(CaptureLimits.CameraStallMinMs, options.StallFrames * 1000 / fps);
        var silentMs = (nowNs - Math.Max(callNs, Math.Max(lastFrameNs, openedNs))) / 1e6;
        if (silentMs <= allowedMs)
            return false;
        Become(
            CameraState.Stalled,
            awaitsFirst
                ? $"no first frame within {options.OpenTimeoutS:0.#} s of opening (open_timeout_s)"
                : $"no frame for {silentMs:0} ms"
        );
        return true;
    }

    /// <summary>A call is abandoned. Returns the wait before the next attempt, or null when too many are abandoned.</summary>
    public TimeSpan? Abandoned()
    {
        AbandonedReads++;
        if (AbandonedReads >= CaptureLimits.MaxAbandonedReads)
        {
            Become(CameraState.Hung, $"{AbandonedReads} calls into the camera never returned; the process must be started again");
            return null;
        }

        cause = "a call into the camera did not return and was abandoned";
        Become(CameraState.Lost, cause);
        return backoff.Next();
    }

    private void Stream(long nowNs)
    {
        if (State is CameraState.Lost or CameraState.Recovering && grabbed > 1)
            reconnects++;
        healthyFromNs = nowNs;
        cause = "";
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
