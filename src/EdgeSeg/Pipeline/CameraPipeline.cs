using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>
/// One camera's part of the pipeline: its runner, its queue of frames, and what its next frame is wanted for (automatic masks by the mode,
/// commands, a trigger, the preview). But for <see cref="Runner"/> and <see cref="Queue"/> it belongs to the inference thread.
/// </summary>
internal sealed class CameraPipeline : IDisposable
{
    private readonly FramePool pool = new(PipelineLimits.FrameSlots);
    private readonly Lock wants = new();
    private long nextAutoNs,
        lastRunNs,
        edgeNs = long.MaxValue,
        otherNs = long.MaxValue;

    public CameraPipeline(CameraSettings settings, CameraTopics topics, CameraStats figures, Action frameArrived, TimeProvider time)
    {
        (Settings, Topics, Figures) = (settings, topics, figures);
        Queue = new FrameQueue(figures.Drops, frameArrived);
        var options = settings.ToOptions();
        Runner = new CameraRunner(options, () => CameraSource.Create(options), pool, Queue, figures.Drops, time, Random.Shared);
    }

    /// <summary>Mode, rates and minimums are the ones in force; a <c>set</c> command changes them.</summary>
    public CameraSettings Settings { get; }

    public CameraTopics Topics { get; }

    public CameraStats Figures { get; }

    public FrameQueue Queue { get; }

    public CameraRunner Runner { get; }

    public PreviewStream Preview { get; } = new();

    public AutomaticClicks Clicks { get; } = new();

    /// <summary>Commands that wait for this camera's next frame.</summary>
    public List<PendingCommand> Asked { get; } = new(PipelineLimits.CommandQueue);

    /// <summary>Slots that are out; 0 once everything was given back.</summary>
    public int SlotsTaken => pool.Taken;

    /// <summary>Drops that the last mask message told of.</summary>
    public long DropsTold { get; set; }

    /// <summary>A command wants the next frame.</summary>
    public void Ask(PendingCommand command)
    {
        Asked.Add(command);
        WantNext();
    }

    /// <summary>From now on automatic masks are made of frames that answer an edge; the edges go to the returned gate.</summary>
    public TriggerGate Obey(GpioTriggerSettings wire) =>
        Queue.Gate = new TriggerGate(
            wire.MinGapMs,
            ns =>
            {
                lock (wants)
                {
                    edgeNs = ns;
                    Want();
                }
            }
        );

    /// <summary>Whether this frame is to get an automatic mask. Frames that come before inference is ready again need not be decoded.</summary>
    public bool Begin(Frame frame, long takenNs)
    {
        // a wire's frames are taken as they come: the first one after an edge may come while inference is at work
        if (Queue.Gate is not null)
            return frame.Trigger.IsEdge;
        Queue.WantFrom(takenNs + lastRunNs, DropCause.InferenceBusy);
        return Settings.Mode is CameraMode.Continuous or CameraMode.Interval && takenNs >= nextAutoNs;
    }

    /// <summary>After a frame: says when the next one is wanted, and what for.</summary>
    public void End(long takenNs, bool wasAuto)
    {
        lastRunNs = Runner.NowNs - takenNs;
        if (wasAuto)
            nextAutoNs = takenNs + (long)(PeriodS * 1e9);
        WantNext();
    }

    /// <summary>Says when the next frame is wanted, from now on by the settings in force.</summary>
    public void WantNext()
    {
        lock (wants)
        {
            otherNs = Asked.Count > 0 ? 0 : Preview.NextNs(Runner.NowNs);
            Queue.TakesUntriggered = otherNs < long.MaxValue;
            Want();
        }
    }

    /// <summary>Within the lock: edges come from the wire's thread, all else from inference.</summary>
    private void Want()
    {
        var auto =
            Queue.Gate is not null ? edgeNs
            : Settings.Mode is CameraMode.Continuous or CameraMode.Interval ? nextAutoNs
            : long.MaxValue;
        var next = Math.Min(auto, otherNs);
        Queue.WantFrom(next, next == long.MaxValue || Queue.Gate is not null ? DropCause.NotAsked : DropCause.Rate);
    }

    /// <summary>Rates changed: the next automatic mask is due at once.</summary>
    public void Changed()
    {
        nextAutoNs = 0;
        WantNext();
    }

    private double PeriodS =>
        Settings.Mode == CameraMode.Interval ? Settings.IntervalS
        : Settings.MaxFps > 0 ? 1 / Settings.MaxFps
        : 0;

    public void Dispose()
    {
        Runner.Dispose();
        pool.Dispose();
    }
}
