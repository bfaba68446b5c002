using EdgeSeg.Capture;
using EdgeSeg.Platform;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The inference thread: commands first, then the newest frame of each camera in turn. A stage that throws goes on after a wait that grows
/// with each fault in a row; what failed is counted as dropped.
/// </summary>
/// <param name="cameras">In the order in which their frames are taken.</param>
/// <param name="model">The model in use.</param>
/// <param name="frames">Makes automatic masks.</param>
/// <param name="commands">Answers commands.</param>
/// <param name="follower">Follows objects.</param>
/// <param name="previews">Sends the pictures of previews.</param>
/// <param name="gpio">Shows when inference is busy.</param>
/// <param name="work">Set when a frame or a command arrived.</param>
/// <param name="beat">Called in each round: the thread is alive.</param>
/// <param name="report">Takes a line about a fault.</param>
internal sealed class InferenceLoop(
    IReadOnlyList<CameraPipeline> cameras,
    ActiveModel model,
    FrameProcessor frames,
    CommandProcessor commands,
    ObjectFollower follower,
    PreviewSender previews,
    GpioLines gpio,
    AutoResetEvent work,
    Action beat,
    Action<string> report
)
{
    private Thread? thread;
    private volatile bool stopping;
    private readonly Backoff retry = new(PipelineLimits.StageRetryMinMs, PipelineLimits.StageRetryMaxMs, Random.Shared);

    public void Start()
    {
        thread = new Thread(Run) { Name = "inference", IsBackground = true };
        thread.Start();
    }

    /// <summary>False when the thread does not end in time: it hangs inside the model, and its memory is in use.</summary>
    public bool TryStop()
    {
        stopping = true;
        work.Set();
        return thread is null || thread.Join(PipelineLimits.InferenceStopMs);
    }

    private void Run()
    {
        while (!stopping)
        {
            var worked = TakeCommands();
            foreach (var camera in cameras)
            {
                if (stopping || !camera.Queue.TryTakeFresh(out var frame))
                    continue;
                using (frame)
                    Guard(camera, frame, static (loop, camera, frame) => loop.Process(camera!, frame!));
                worked = true;
                // commands come before the next camera's frame
                TakeCommands();
            }

            if (!worked)
                work.WaitOne(PipelineLimits.InferenceIdleMs);
        }
    }

    /// <summary>One round of commands; true when there was work. Also takes over a model that was offered.</summary>
    internal bool TakeCommands() =>
        Guard(
            null,
            null,
            static (loop, _, _) =>
            {
                if (loop.Model.HasOffer)
                {
                    loop.Commands.BeforeModelChange();
                    loop.Model.TakeOffer();
                }

                return loop.Commands.TakeCommands();
            }
        );

    /// <summary>Everything that a frame is needed for.</summary>
    internal bool Process(CameraPipeline camera, Frame frame)
    {
        var takenNs = camera.Runner.NowNs;
        var isAutomatic = camera.Begin(frame, takenNs);
        var isDone = true;
        gpio.Busy(true);
        try
        {
            var picture = model.Show(frame, takenNs);
            commands.AnswerWaiting(camera, picture, frame);
            follower.Process(camera, picture, frame);
            if (isAutomatic)
                frames.Process(camera, picture, frame);
            previews.SendDue(camera, frame, takenNs);
            retry.Reset();
        }
        catch (InferenceCancelledException e) when (!e.TimedOut)
        {
            // the command goes first; the automatic mask is due again at once
            isDone = false;
            throw;
        }
        finally
        {
            gpio.Busy(false);
            camera.End(takenNs, isAutomatic && isDone);
        }

        return true;
    }

    private ActiveModel Model => model;

    private CommandProcessor Commands => commands;

    private bool Guard(CameraPipeline? camera, Frame? frame, Func<InferenceLoop, CameraPipeline?, Frame?, bool> step)
    {
        beat();
        try
        {
            return step(this, camera, frame);
        }
        catch (InferenceCancelledException e)
        {
            camera?.Stats.Drops.Count(DropCause.Failed);
            if (e.TimedOut)
                report($"{e.Message}; {(camera is null ? "the command was answered as failed" : "the frame was skipped")}");
        }
        catch (Exception e)
        {
            camera?.Stats.Drops.Count(DropCause.Failed);
            report($"inference failed ({e.Message}); continuing with the next frame");
            Thread.Sleep(retry.Next());
        }

        return true;
    }
}
