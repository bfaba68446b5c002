using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>
/// One camera's part of the pipeline: its runner, its queue of frames, and what its next frame is needed for (the automatic mask, commands,
/// a trigger, the preview). Belongs to the inference thread unless a member says otherwise.
/// </summary>
internal sealed class CameraPipeline : IDisposable
{
    private readonly FramePool pool = new(PipelineLimits.FrameSlots);
    private readonly Lock gate = new();
    private volatile LiveSettings live;
    private long nextAutoNs,
        lastRunNs,
        edgeNs = long.MaxValue,
        otherNs = long.MaxValue,
        dropsReported;

    /// <param name="settings">Not changed, neither here nor later.</param>
    /// <param name="topics">Of the camera.</param>
    /// <param name="stats">Its counts.</param>
    /// <param name="frameArrived">Called by the capture thread for each frame in the queue.</param>
    /// <param name="time">Clock and timers.</param>
    public CameraPipeline(CameraSettings settings, CameraTopics topics, CameraStats stats, Action frameArrived, TimeProvider time)
    {
        (Settings, Topics, Stats, live) = (settings, topics, stats, LiveSettings.Of(settings));
        Queue = new FrameQueue(stats.Drops, frameArrived);
        var options = settings.ToOptions();
        Runner = new CameraRunner(options, () => CameraSource.Create(options), pool, Queue, stats.Drops, time, Random.Shared);
    }

    /// <summary>As configured. Any thread.</summary>
    public CameraSettings Settings { get; }

    /// <summary>
    /// Mode, rates and minimums in force. One atomic reference: any thread may read it, <see cref="Change"/> replaces it.
    /// </summary>
    public LiveSettings Live => live;

    public CameraTopics Topics { get; }

    /// <summary>Any thread.</summary>
    public CameraStats Stats { get; }

    /// <summary>Any thread.</summary>
    public FrameQueue Queue { get; }

    /// <summary>Any thread.</summary>
    public CameraRunner Runner { get; }

    public PreviewStream Preview { get; } = new();

    /// <summary>Objects are followed: every frame is needed.</summary>
    public bool IsFollowing { get; set; }

    public AutomaticClicks Clicks { get; } = new();

    /// <summary>Commands that wait for this camera's next frame.</summary>
    public List<PendingCommand> Waiting { get; } = new(PipelineLimits.CommandQueue);

    /// <summary>Frame slots in use; 0 once every frame was returned. Any thread.</summary>
    public int SlotsTaken => pool.Taken;

    /// <summary>It replays files: frames before the first subscriber would be lost to it. Any thread.</summary>
    public bool IsReplay => CameraUri.IsReplay(Settings.Kind);

    /// <summary>A command or an edge waits for this camera. Any thread.</summary>
    public bool IsAwaited => Waiting.Count > 0 || Queue.Gate is { IsWaiting: true };

    /// <summary>Drops since the last call, for the next mask message.</summary>
    public long TakeNewDrops()
    {
        var (before, total) = (dropsReported, Stats.Drops.Total);
        dropsReported = total;
        return total - before;
    }

    /// <summary>Lets a command wait for the next frame.</summary>
    public void Enqueue(PendingCommand command)
    {
        Waiting.Add(command);
        RequestNext();
    }

    /// <summary>Replaces the settings in force; the next automatic mask is due at once.</summary>
    public void Change(LiveSettings to)
    {
        live = to;
        nextAutoNs = 0;
        RequestNext();
    }

    /// <summary>
    /// From now on automatic masks are made of frames that answer an edge. The caller puts the edges into the returned gate.
    /// </summary>
    public TriggerGate UseTrigger(GpioTriggerSettings trigger) =>
        Queue.Gate = new TriggerGate(
            trigger.MinGapMs,
            ns =>
            {
                lock (gate)
                {
                    edgeNs = ns;
                    Request();
                }
            }
        );

    /// <summary>Before a frame: whether it gets an automatic mask. Frames that come while inference is busy need not be decoded.</summary>
    public bool Begin(Frame frame, long takenNs)
    {
        // the first frame after an edge may come while inference is busy, so all are decoded
        if (Queue.Gate is not null)
            return frame.Trigger.IsEdge;
        Queue.WantFrom(takenNs + lastRunNs, DropCause.InferenceBusy);
        return live.IsAutomatic && takenNs >= nextAutoNs;
    }

    /// <summary>After a frame: requests the next one.</summary>
    public void End(long takenNs, bool wasAutomatic)
    {
        lastRunNs = Runner.NowNs - takenNs;
        if (wasAutomatic)
            nextAutoNs = takenNs + (long)(live.PeriodS * 1e9);
        RequestNext();
    }

    /// <summary>Sets from when on capture delivers the next frame, by the settings in force.</summary>
    public void RequestNext()
    {
        lock (gate)
        {
            otherNs = Waiting.Count > 0 || IsFollowing ? 0 : Preview.NextNs(Runner.NowNs);
            Queue.TakesUntriggered = otherNs < long.MaxValue;
            Request();
        }
    }

    /// <summary>Within the lock: edges come from the trigger's thread, all else from inference.</summary>
    private void Request()
    {
        var auto =
            Queue.Gate is not null ? edgeNs
            : live.IsAutomatic ? nextAutoNs
            : long.MaxValue;
        var next = Math.Min(auto, otherNs);
        Queue.WantFrom(next, next == long.MaxValue || Queue.Gate is not null ? DropCause.NotAsked : DropCause.Rate);
    }

    public void Dispose()
    {
        Runner.Dispose();
        pool.Dispose();
    }
}
