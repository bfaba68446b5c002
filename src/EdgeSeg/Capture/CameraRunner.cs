using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// Keeps one camera running: owns its capture thread, watches it from a timer, and reports its state. A call that hangs is abandoned with
/// its thread, and a new thread is started; with <see cref="CaptureLimits.MaxAbandonedReads"/> abandoned calls <see cref="Fatal"/> is
/// raised with <see cref="HungReason"/>, and the process must end. Events are raised on the capture or timer thread, outside of locks,
/// and must not block.
/// </summary>
internal sealed class CameraRunner : IDisposable
{
    public const string HungReason = "camera_hung";

    private readonly Lock gate = new();
    private readonly Func<ICamera> create;
    private readonly CameraStateMachine condition;
    private readonly PictureHealth health;
    private CaptureSession? session;
    private ITimer? watch;
    private long sequence;
    private bool stopped;

    /// <param name="options">The camera's configuration.</param>
    /// <param name="create">Makes an unopened camera, for each attempt a new one.</param>
    /// <param name="pool">Slots that frames are written to.</param>
    /// <param name="queue">Where they go; closed with the runner.</param>
    /// <param name="drops">Counts dropped pictures, those of the queue too.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="random">Jitter of the waits.</param>
    public CameraRunner(
        CameraOptions options,
        Func<ICamera> create,
        FramePool pool,
        FrameQueue queue,
        Drops drops,
        TimeProvider time,
        Random random
    )
    {
        (Options, this.create, Pool, Queue, Drops, Time) = (options, create, pool, queue, drops, time);
        condition = new CameraStateMachine(options, random);
        health = new PictureHealth(options.FreezeS, options.BlackLevel, options.BlackS);
    }

    /// <summary>Raised when the state or its reason changes.</summary>
    public event Action<CameraStatus>? Changed;

    /// <summary>Raised with a sentence about a picture that could not be used, once for each picture.</summary>
    public event Action<string>? Warned;

    /// <summary>Raised once, with a stable code, when the process must end to get the camera back.</summary>
    public event Action<string>? Fatal;

    public CameraOptions Options { get; }

    public FramePool Pool { get; }

    public FrameQueue Queue { get; }

    public Drops Drops { get; }

    public TimeProvider Time { get; }

    /// <summary>The monotonic clock.</summary>
    public long NowNs => (long)((Int128)Time.GetTimestamp() * 1_000_000_000 / Time.TimestampFrequency);

    public CameraStatus Status
    {
        get
        {
            lock (gate)
                return condition.At(NowNs);
        }
    }

    public void Start()
    {
        lock (gate)
        {
            if (session is not null || stopped)
                throw new InvalidOperationException("a camera is started once");
            Begin(TimeSpan.Zero);
            var period = TimeSpan.FromMilliseconds(CaptureLimits.CameraWatchMs);
            watch = Time.CreateTimer(static runner => ((CameraRunner)runner!).Watch(), this, period, period);
        }
    }

    /// <summary>
    /// Stops, waits a moment for the thread, and returns all waiting frames. A hung thread is abandoned; it ends when its call returns.
    /// </summary>
    public void Dispose()
    {
        CaptureSession? last;
        lock (gate)
        {
            if (stopped)
                return;
            stopped = true;
            (last, session) = (session, null);
        }

        watch?.Dispose();
        Queue.Close();
        last?.Stop();
        if (last?.Thread != Thread.CurrentThread)
            last?.Thread.Join(CaptureLimits.CameraCloseMs);
    }

    internal ICamera Create() => create();

    internal void Opened(CaptureSession from, CameraFormat granted) =>
        Notify(from, (granted, NowNs), static (c, x) => c.Opened(x.granted, x.NowNs));

    internal void Arrived(CaptureSession from, long nowNs) => Notify(from, nowNs, static (c, ns) => c.Arrived(ns));

    internal void Ended(CaptureSession from, string remark) => Notify(from, remark, static (c, remark) => c.Ended(remark));

    /// <summary>
    /// The source's pictures cannot be decoded: after the next opening it counts as streaming only with a picture that can.
    /// </summary>
    internal void Undecodable(CaptureSession from)
    {
        lock (gate)
        {
            if (from == session)
                condition.NeedsPicture = true;
        }
    }

    /// <summary>Pictures that the source could not read: counted as damaged, and each one named once.</summary>
    internal void Skipped(CaptureSession from, long count, string reason)
    {
        lock (gate)
        {
            if (from != session)
                return;
        }

        Drops.Count(DropCause.Damaged, count);
        if (reason.Length > 0)
            Warned?.Invoke(reason);
    }

    /// <summary>Reports the loss and returns how long to wait before the next attempt.</summary>
    internal TimeSpan Lost(CaptureSession from, string why)
    {
        var wait = new TimeSpan[1];
        Notify(from, (why, wait), static (c, x) => x.wait[0] = c.Lost(x.why));
        return wait[0];
    }

    internal void Looked(CaptureSession from, Mat pixels, long nowNs)
    {
        lock (gate)
        {
            if (from != session)
                return;
        }

        var fault = health.Look(pixels, nowNs);
        Notify(from, (fault, health.Brightness, nowNs), static (c, x) => c.Looked(x.fault, x.Brightness, x.nowNs));
    }

    /// <summary>The reason to open the camera again although it gives frames; null when there is none.</summary>
    internal string? ReopeningDue(CaptureSession from)
    {
        lock (gate)
            return from == session ? condition.ReopeningDue(NowNs) : null;
    }

    /// <summary>Numbers the frame and passes it on; false when the thread was abandoned, and the frame with it.</summary>
    internal bool Deliver(CaptureSession from, Frame frame)
    {
        lock (gate)
        {
            if (from != session)
                return false;
            frame.Sequence = ++sequence;
            condition.Delivered(NowNs);
        }

        Queue.Offer(frame);
        return true;
    }

    /// <summary>A thread has ended; if it was abandoned, its call has returned after all.</summary>
    internal void SessionEnded(CaptureSession from)
    {
        lock (gate)
        {
            if (from != session && !stopped)
                condition.AbandonedReads--;
        }
    }

    /// <summary>Checks for silence and for calls that do not return.</summary>
    private void Watch()
    {
        CaptureSession? watched;
        lock (gate)
            watched = session;
        // a thread that waits or has ended makes no call
        if (watched?.CallNs is null or 0)
            return;
        long callNs = watched.CallNs,
            nowNs = NowNs;
        var isOpening = watched.IsOpening;
        if ((nowNs - callNs) / 1_000_000 > HangMs(isOpening))
            Abandon(watched);
        else if (!isOpening)
        {
            var stalled = new bool[1];
            Notify(watched, (callNs, nowNs, stalled), static (c, x) => x.stalled[0] = c.Silent(x.callNs, x.nowNs));
            if (stalled[0])
                watched.CancelCall();
        }
    }

    /// <summary>A source that may be slow with its first frame may take that long in one call.</summary>
    private long HangMs(bool isOpening)
    {
        var firstMs = (long)(Options.OpenTimeoutS * 1000) + CaptureLimits.CameraHangMarginMs;
        if (isOpening)
            return Math.Max(CaptureLimits.CameraOpenHangMs, firstMs);
        lock (gate)
            return condition.AwaitsFirst ? Math.Max(CaptureLimits.CameraHangMs, firstMs) : CaptureLimits.CameraHangMs;
    }

    private void Abandon(CaptureSession hung)
    {
        CameraStatus now;
        lock (gate)
        {
            // it may have returned, or been stopped, since the check
            if (hung != session || hung.CallNs == 0)
                return;
            session = null;
            if (condition.Abandoned() is { } wait)
                Begin(wait);
            now = condition.At(NowNs);
        }

        hung.Stop();
        Changed?.Invoke(now);
        if (now.State == CameraState.Hung)
            Fatal?.Invoke(HungReason);
    }

    private void Begin(TimeSpan wait)
    {
        session = new CaptureSession(this, wait);
        session.Thread.Start();
    }

    /// <summary>
    /// Changes the state on behalf of a thread that is not abandoned. Allocates nothing while nothing changes, since it runs for each
    /// frame.
    /// </summary>
    private void Notify<T>(CaptureSession from, T what, Action<CameraStateMachine, T> change)
    {
        CameraStatus now;
        lock (gate)
        {
            if (from != session)
                return;
            var version = condition.Version;
            change(condition, what);
            if (condition.Version == version)
                return;
            now = condition.At(NowNs);
        }

        Changed?.Invoke(now);
    }
}
