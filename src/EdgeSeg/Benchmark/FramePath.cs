using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Benchmark;

/// <summary>
/// The path of a frame alone: the service's own <see cref="ActiveModel"/>, <see cref="FrameProcessor"/>, <see cref="MaskPublisher"/> and
/// <see cref="Outbox"/>, without camera, threads and broker. For the benchmark and for the test of its allocations.
/// </summary>
internal sealed class FramePath : IDisposable
{
    /// <summary>
    /// Frames after which no memory grows any more: every slot of the outbox has its size, and that many frames are kept.
    /// </summary>
    public const int WarmUpFrames = 2 * MqttSettings.DefaultOutboxMessages;

    private const int KeptFrames = 16;

    private readonly Settings settings = new();
    private readonly FramePool pool = new(1);
    private readonly ActiveModel model;
    private readonly InferenceCanceller canceller;
    private readonly MaskPublisher publisher;
    private readonly CameraPipeline camera;
    private readonly GpioLines gpio;
    private readonly FrameProcessor processor;

    /// <param name="model">Owned from here on.</param>
    /// <param name="saliencyEvery">The saliency pass on every Nth frame.</param>
    public FramePath(IInferenceModel model, int saliencyEvery)
    {
        var time = TimeProvider.System;
        var service = new ServiceInfo("bench", FrameId.NewSession()) { ClockSynced = true };
        var topics = new Topics(service.Device, ["bench"]);
        // the memory of held frames grows with the first frames; little of it keeps the warm-up short
        var keptBytes = (long)KeptFrames * model.Segmenter.InputWidth * model.Segmenter.InputHeight * 3;
        this.model = new ActiveModel(model, service.Session, time, keptBytes, settings.Model.IsZoomOn);
        canceller = new InferenceCanceller(this.model.SetCancelled, TimeSpan.FromSeconds(settings.Model.TimeoutS), time);
        publisher = new MaskPublisher(service, new OutboxSink(new Outbox(time)), polygonTolerancePx: null);
        camera = new CameraPipeline(
            new CameraSettings(0) { Id = "bench", Uri = "test:" },
            topics.Camera("bench"),
            new CameraStats("bench"),
            () => { },
            time
        );
        gpio = new GpioLines(settings, [], _ => { }, time);
        processor = new FrameProcessor(
            this.model,
            new AutomaticSegmenter(this.model, canceller),
            publisher,
            new LiveQuality(),
            gpio,
            saliencyEvery
        );
        pool.TryTake(out var frame);
        Frame = frame!;
        Frame.Camera = "bench";
        // no camera: its stage takes no time and is left out
        Frame.CaptureMs = double.NaN;
    }

    /// <summary>To be filled with pixels before each <see cref="Run"/>.</summary>
    public Frame Frame { get; }

    /// <summary>From the frame's pixels to the message in the outbox. The result is valid until the next call.</summary>
    public Segmentation Run()
    {
        Frame.Sequence++;
        Frame.CapturedNs = camera.Runner.NowNs;
        return processor.Process(camera, model.Show(Frame, Frame.CapturedNs), Frame);
    }

    public void Dispose()
    {
        Frame.Dispose();
        pool.Dispose();
        camera.Dispose();
        gpio.Dispose();
        canceller.Dispose();
        publisher.Dispose();
        model.Dispose();
    }

    /// <summary>An outbox that nobody empties: messages are copied in and displace older ones.</summary>
    private sealed class OutboxSink(Outbox outbox) : IMessageSink
    {
        public int MaxPayloadBytes => MessageLimits.MaxMessageBytes;

        public bool HasRoom => outbox.Waiting <= MqttSettings.DefaultOutboxMessages / 2;

        public bool TryPublishMask(string topic, ReadOnlySpan<byte> payload) =>
            TryPublish(topic, payload, MqttLink.Json, MqttSettings.DefaultMaskExpiryS);

        public bool TryPublish(
            string topic,
            ReadOnlySpan<byte> payload,
            string contentType,
            double expiryS,
            IReadOnlyList<KeyValuePair<string, string>>? properties = null
        ) => !outbox.OfferStream(topic, payload, contentType, expiryS, properties);

        public bool TryReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation) =>
            !outbox.OfferReply(topic, payload, correlation);
    }
}
