using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Microsoft.Extensions.Time.Testing;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The inference side of the pipeline on a scripted model: one camera "front" whose frames the test makes, no threads, a clock that the
/// test moves. Each call of <see cref="Frame"/> and <see cref="Commands"/> is one round of the inference thread.
/// </summary>
internal sealed class PipelineRig : IDisposable
{
    public const int Width = 320,
        Height = 240;

    private readonly FramePool pool = new(1);
    private readonly InferenceCanceller canceller;
    private readonly MaskPublisher publisher;
    private readonly PreviewSender previews;
    private readonly OverlaySender? overlays;
    private readonly GpioLines gpio;
    private readonly CommandProcessor commandProcessor;
    private readonly ObjectFollower follower;
    private readonly AutoResetEvent work = new(false);
    private long sequence;
    private int requests;

    public PipelineRig(
        Action<CameraSettings>? configure = null,
        int saliencyEvery = 1,
        IInferenceModel? model = null,
        double overlayIntervalS = 0,
        bool hasTrigger = true
    )
    {
        var configured = new CameraSettings(0) { Id = "front", Uri = "test:" };
        configure?.Invoke(configured);
        Topics = new Topics("robot-7", ["front"]);
        Service = new ServiceInfo("robot-7", Samples.Session) { ClockSynced = true };
        Model = new ActiveModel(model ?? First, Samples.Session, Time, 32L << 20, isZoomOn: true);
        canceller = new InferenceCanceller(Model.SetCancelled, TimeSpan.FromSeconds(30), Time);
        Camera = new CameraPipeline(configured, Topics.Camera("front"), new CameraStats("front"), () => { }, Time);
        publisher = new MaskPublisher(Service, Link, polygonTolerancePx: null);
        previews = new PreviewSender(Service, Link);
        overlays = overlayIntervalS > 0 ? new OverlaySender(Service, Link, overlayIntervalS) : null;
        gpio = new GpioLines(new Settings(), [], _ => { }, Time);
        Queue = new CommandQueue(
            Topics,
            Samples.Session,
            Time,
            () => true,
            r => Link.TryReply(r.Topic, r.Payload, r.Correlation),
            canceller.CommandArrived
        );
        var segmenter = new AutomaticSegmenter(Model, canceller);
        var frames = new FrameProcessor(Model, segmenter, publisher, Quality, gpio, saliencyEvery, overlays);
        follower = new ObjectFollower(Model, canceller, publisher);
        commandProcessor = new CommandProcessor(
            Queue,
            [Camera],
            Model,
            canceller,
            segmenter,
            publisher,
            follower,
            previews,
            Link,
            Samples.Session,
            Time,
            overlays,
            hasTrigger: hasTrigger
        );
        Loop = new InferenceLoop([Camera], Model, frames, commandProcessor, follower, previews, gpio, work, () => { }, Errors.Add);
    }

    /// <summary>Begins early enough for its nanoseconds to fit 64 bits, as those of the real monotonic clock do.</summary>
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ScriptedModel First { get; } = new();

    public ScriptedSegmenter Script => First.Script;

    public RecordingLink Link { get; } = new();

    public LiveQuality Quality { get; } = new();

    public Topics Topics { get; }

    public ServiceInfo Service { get; }

    public ActiveModel Model { get; }

    public CameraPipeline Camera { get; }

    public CommandQueue Queue { get; }

    public InferenceLoop Loop { get; }

    /// <summary>Lines that the inference thread reported.</summary>
    public List<string> Errors { get; } = [];

    public IReadOnlyList<JsonNode> Masks => Link.Of("cam/front/mask");

    /// <summary>A frame comes and is processed; returns its id.</summary>
    public string Frame(TriggerStamp trigger = default, Action<Mat>? draw = null)
    {
        pool.TryTake(out var frame);
        using (frame)
        {
            frame!.Pixels.Create(Height, Width, MatType.CV_8UC3);
            frame.Pixels.SetTo(Scalar.All(80));
            draw?.Invoke(frame.Pixels);
            (frame.Camera, frame.Sequence, frame.CapturedNs, frame.CapturedUtc) = (
                "front",
                ++sequence,
                Camera.Runner.NowNs,
                Time.GetUtcNow()
            );
            frame.Trigger = trigger;
            Loop.Process(Camera, frame);
        }

        Span<char> id = stackalloc char[200];
        return new string(id[..FrameId.Write(id, Samples.Session, "front", sequence)]);
    }

    /// <summary>A round of commands; true when there was work.</summary>
    public bool Commands() => Loop.TakeCommands();

    /// <summary>Sends a command; returns the id of the request, for <see cref="Replies"/>.</summary>
    public string Send(string word, string body = "{}")
    {
        var id = $"r{++requests}";
        var json = JsonNode.Parse(body)!.AsObject();
        (json["v"], json["id"]) = (1, id);
        var payload = Encoding.UTF8.GetBytes(json.ToJsonString());
        Queue.Receive(new IncomingMessage($"edgeseg/v1/robot-7/cam/front/cmd/{word}", payload, false, false, "clients/a", null, 0));
        return id;
    }

    /// <summary>The replies to a request, in order.</summary>
    public IReadOnlyList<JsonNode> Replies(string id) => [.. Link.Of("clients/a").Where(r => r["request"]?.GetValue<string>() == id)];

    /// <summary>The last reply to a request: its kind, or the error's code.</summary>
    public string Answer(string id)
    {
        var last = Replies(id)[^1];
        return last["error"]?["code"]?.GetValue<string>() ?? last["reply"]!.GetValue<string>();
    }

    public void Dispose()
    {
        commandProcessor.Dispose();
        follower.Dispose();
        Queue.Dispose();
        canceller.Dispose();
        publisher.Dispose();
        previews.Dispose();
        overlays?.Dispose();
        gpio.Dispose();
        Camera.Dispose();
        Model.Dispose();
        pool.Dispose();
        work.Dispose();
    }
}
