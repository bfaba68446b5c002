using EdgeSeg.Capture;
using EdgeSeg.Service;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The way of a frame, all of it:
/// <code>
/// camera -> Frame (pooled) -> FrameQueue (2, newest wins)                    one capture thread a camera
///   -> Embedding -> SaliencyMap -> five clicks -> Mask -> message bytes      one inference thread (FrameProcessor)
///   -> Outbox (16, oldest dropped) -> broker                                 the link's loop
/// broker -> CommandQueue (8, else busy) -> inference thread, before frames -> replies
///           "everything" of a frame: in slices between frames and commands
/// </code>
/// Every drop is counted and gives its slot back. Nothing is logged, and next to nothing allocated, for a frame.
/// </summary>
internal sealed class FramePipeline : IDisposable
{
    private readonly FrameProcessor stage;
    private readonly IReadOnlyList<CameraPipeline> lanes;
    private readonly AutoResetEvent work;
    private readonly Journal journal;
    private readonly Heartbeat heartbeat;
    private readonly Thread thread;
    private volatile bool stopping;
    private int faultsInARow;

    /// <param name="stage">Taken over.</param>
    /// <param name="lanes">Taken over.</param>
    /// <param name="work">Set when a frame or a command arrived.</param>
    /// <param name="heartbeat">Beaten with every round of inference.</param>
    /// <param name="journal">For faults.</param>
    public FramePipeline(
        FrameProcessor stage,
        IReadOnlyList<CameraPipeline> lanes,
        AutoResetEvent work,
        Heartbeat heartbeat,
        Journal journal
    )
    {
        (this.stage, this.lanes, this.work, this.heartbeat, this.journal) = (stage, lanes, work, heartbeat, journal);
        thread = new Thread(Infer) { Name = "inference", IsBackground = true };
    }

    /// <summary>Results handed to the link since the start, found or not.</summary>
    public long Results => stage.Results;

    public void Start()
    {
        foreach (var lane in lanes)
        {
            lane.WantNext();
            lane.Runner.Start();
        }

        thread.Start();
    }

    private void Infer()
    {
        while (!stopping)
        {
            var worked = Guarded(null, null);
            foreach (var lane in lanes)
            {
                if (stopping || !lane.Queue.TryTakeFresh(out var frame))
                    continue;
                using (frame)
                    Guarded(lane, frame);
                worked = true;
                // commands come before the next camera's automatic frame
                Guarded(null, null);
            }

            if (!worked)
                work.WaitOne(PipelineLimits.InferenceIdleMs);
        }
    }

    /// <summary>One frame, or without one the commands. A stage that throws is begun again, after a wait that grows with each fault in a row.</summary>
    private bool Guarded(CameraPipeline? lane, Frame? frame)
    {
        heartbeat.Beat();
        try
        {
            if (lane is null)
                return stage.TakeCommands(lanes);
            stage.Take(lane, frame!);
            faultsInARow = 0;
        }
        catch (InferenceCancelledException e)
        {
            lane?.Figures.Drops.Count(DropCause.Failed);
            if (e.TookTooLong)
                journal.Error($"inference did not end: {e.Message}, going on with the next frame");
        }
        catch (Exception e)
        {
            lane?.Figures.Drops.Count(DropCause.Failed);
            journal.Error($"inference failed ({e.GetType().Name}: {e.Message}): going on with the next frame");
            Thread.Sleep(Math.Min(PipelineLimits.StageRetryMaxMs, PipelineLimits.StageRetryMinMs << Math.Min(faultsInARow++, 16)));
        }

        return true;
    }

    /// <summary>Ends the threads and gives every frame back.</summary>
    public void Dispose()
    {
        stopping = true;
        work.Set();
        if (thread.IsAlive && !thread.Join(PipelineLimits.InferenceStopMs))
        {
            // it hangs inside the model, with its memory in use: the process ends with it
            journal.Error("the inference thread does not end: the model hangs");
            return;
        }

        foreach (var lane in lanes)
            lane.Dispose();
        stage.Dispose();
    }
}
