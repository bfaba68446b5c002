using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Sampling;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>What the pipeline is built from, besides the settings.</summary>
internal sealed record PipelineParts
{
    /// <summary>The model to start with; owned by the pipeline.</summary>
    public required IInferenceModel Model { get; init; }

    public required ServiceInfo Service { get; init; }

    public required Topics Topics { get; init; }

    /// <summary>Takes masks, previews and replies.</summary>
    public required IMessageSink Sink { get; init; }

    public required TelemetryCollector Telemetry { get; init; }

    /// <summary>Called in each round of the inference thread.</summary>
    public required Action Beat { get; init; }

    /// <summary>Takes a line about a fault, for the journal.</summary>
    public required Action<string> ReportError { get; init; }

    /// <summary>Takes a line about something that is missing, for the journal.</summary>
    public required Action<string> ReportWarning { get; init; }

    public required TimeProvider Time { get; init; }
}

/// <summary>
/// Builds and owns the path of a frame, all of its queues included:
/// <code>
/// camera -> Frame (pooled) -> FrameQueue (2, newest wins)                    one capture thread a camera
///   -> Picture -> FrameProcessor -> MaskPublisher                            one inference thread (InferenceLoop)
///   -> Outbox (16, oldest dropped) -> broker                                 the link's loop
/// broker -> CommandQueue (8, else busy) -> CommandProcessor -> MaskPublisher and replies
/// </code>
/// Every drop is counted and returns its slot. Nothing is logged, and next to nothing allocated, for a frame.
/// </summary>
internal sealed class FramePipeline : IDisposable
{
    private readonly AutoResetEvent work = new(false);
    private readonly InferenceCanceller canceller;
    private readonly MaskPublisher publisher;
    private readonly PreviewSender previews;
    private readonly OverlaySender? overlays;
    private readonly CommandProcessor commandProcessor;
    private readonly ObjectFollower follower;
    private readonly InferenceLoop loop;
    private readonly Action<string> reportError;

    public FramePipeline(Settings settings, PipelineParts parts)
    {
        reportError = parts.ReportError;
        Cameras =
        [
            .. settings.Cameras.Select(c => new CameraPipeline(
                c,
                parts.Topics.Camera(c.Id),
                parts.Telemetry.Camera(c.Id),
                Wake,
                parts.Time
            )),
        ];
        Gpio = new GpioLines(settings, Cameras, parts.ReportWarning, parts.Time);
        Model = new ActiveModel(parts.Model, parts.Service.Session, parts.Time, settings.Frames.HoldBytes, settings.Model.IsZoomOn);
        canceller = new InferenceCanceller(Model.SetCancelled, TimeSpan.FromSeconds(settings.Model.TimeoutS), parts.Time);
        Commands = new CommandQueue(
            parts.Topics,
            parts.Service.Session,
            parts.Time,
            () => parts.Service.ClockSynced,
            r => parts.Sink.TryReply(r.Topic, r.Payload, r.Correlation),
            CommandArrived
        );
        publisher = new MaskPublisher(parts.Service, parts.Sink, settings.Publish.Polygon ? settings.Publish.TolerancePx : null);
        previews = new PreviewSender(parts.Service, parts.Sink);
        overlays = OverlaySender.Of(settings.HomeAssistant, parts.Service, parts.Sink);
        var segmenter = new AutomaticSegmenter(Model, canceller);
        Samples = settings.Samples.Enabled ? KeepSamples(settings, parts) : null;
        var frameProcessor = new FrameProcessor(Model, segmenter, publisher, Quality, Gpio, settings.Auto.SaliencyEvery, overlays, Samples);
        follower = new ObjectFollower(Model, canceller, publisher);
        commandProcessor = new CommandProcessor(
            Commands,
            Cameras,
            Model,
            canceller,
            segmenter,
            publisher,
            follower,
            previews,
            parts.Sink,
            parts.Service.Session,
            parts.Time,
            overlays,
            Samples is null ? null : new SampleCommands(Samples, settings.Samples.Upload),
            settings.Trigger.Enabled
        );
        loop = new InferenceLoop(
            Cameras,
            Model,
            frameProcessor,
            commandProcessor,
            follower,
            previews,
            Gpio,
            work,
            parts.Beat,
            parts.ReportError
        );
    }

    private static SampleKeeper KeepSamples(Settings settings, PipelineParts parts) =>
        new(settings.Samples, settings.StateDir, parts.Service.Device, parts.Service.Session, parts.Sink, parts.ReportWarning, parts.Time);

    public IReadOnlyList<CameraPipeline> Cameras { get; }

    public GpioLines Gpio { get; }

    public ActiveModel Model { get; }

    /// <summary>What the automatic masks of the model in use are like.</summary>
    public LiveQuality Quality { get; } = new();

    /// <summary>Keeps frames for labelling; null where the settings ask for none.</summary>
    public SampleKeeper? Samples { get; }

    /// <summary>Where received commands go.</summary>
    public CommandQueue Commands { get; }

    /// <summary>Masks published since the start, found or not.</summary>
    public long MasksPublished => publisher.Published;

    /// <summary>A command or an edge waits for its answer.</summary>
    public bool IsBusy => Commands.Waiting > 0 || Cameras.Any(c => c.IsAwaited);

    /// <summary>Starts inference and the live cameras; those that replay files wait for <see cref="StartReplays"/>.</summary>
    public void Start()
    {
        foreach (var camera in Cameras)
        {
            camera.RequestNext();
            if (!camera.IsReplay)
                camera.Runner.Start();
        }

        loop.Start();
        Gpio.Start();
    }

    public void StartReplays()
    {
        foreach (var camera in Cameras.Where(c => c.IsReplay))
            camera.Runner.Start();
    }

    /// <summary>Wakes the inference thread, for a model that was offered.</summary>
    public void Wake() => work.Set();

    private void CommandArrived()
    {
        canceller.CommandArrived();
        Wake();
    }

    /// <summary>Answers every open command, ends the threads and returns every frame.</summary>
    public void Dispose()
    {
        if (!loop.TryStop())
        {
            // it hangs inside the model, whose memory is in use: the process ends with it
            reportError("the inference thread does not end; the model hangs");
            Commands.Close();
            return;
        }

        foreach (var camera in Cameras)
            camera.Dispose();
        Samples?.Dispose();
        Commands.Close();
        if (Cameras.Sum(c => c.SlotsTaken) is > 0 and var leaked)
            reportError($"{leaked} frames were never returned to their pool");
        commandProcessor.Dispose();
        follower.Dispose();
        canceller.Dispose();
        publisher.Dispose();
        previews.Dispose();
        overlays?.Dispose();
        Gpio.Dispose();
        Model.Dispose();
        Commands.Dispose();
        work.Dispose();
    }
}
