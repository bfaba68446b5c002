using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>Writes mask messages and hands them to the link, for frames and for commands alike. One thread; its buffers are kept.</summary>
internal sealed class MaskPublisher(ServiceInfo service, IMessageSink sink, double? polygonTolerancePx) : IDisposable
{
    private readonly MaskWriter writer = new() { PolygonTolerancePx = polygonTolerancePx };
    private long published;

    /// <summary>The last masks.</summary>
    public MaskMemory Masks { get; } = new(service.Session);

    /// <summary>Masks handed over since the start, found or not. Any thread.</summary>
    public long Published => Volatile.Read(ref published);

    /// <summary>Publishes a mask and returns the message, valid until the next call.</summary>
    /// <param name="camera">Its topic, and its counts.</param>
    /// <param name="frame">The frame that the mask was made on.</param>
    /// <param name="mask">Its times get the stages <see cref="Stage.Encode"/> and <see cref="Stage.Publish"/>.</param>
    /// <param name="model">The model that made it.</param>
    /// <param name="request">The command's id; null: no command asked for it.</param>
    /// <param name="trigger">The edge that the frame answers, if any.</param>
    /// <param name="track">The followed object that the mask shows, if any.</param>
    /// <param name="topic">Null: the camera's topic of masks.</param>
    /// <param name="of">Index and number, where a command is answered by several masks.</param>
    /// <param name="refines">The id of the mask that this one corrects; null: none.</param>
    public ReadOnlySpan<byte> Publish(
        CameraPipeline camera,
        FrameInfo frame,
        Segmentation mask,
        ModelInfo model,
        string? request = null,
        TriggerStamp trigger = default,
        (int Index, int Count)? of = null,
        TrackInfo? track = null,
        string? topic = null,
        string? refines = null
    )
    {
        var since = System.Diagnostics.Stopwatch.GetTimestamp();
        var info = new MaskInfo
        {
            Number = published + 1,
            Refines = refines,
            Request = request,
            Of = of,
            Track = track,
            Source = frame.Source,
            Device = service.Device,
            Camera = frame.Camera,
            Session = service.Session,
            Sequence = frame.Sequence,
            CapturedUtc = frame.CapturedUtc,
            CapturedNs = frame.CapturedNs,
            TimeSource = frame.TimeSource,
            ClockSynced = service.ClockSynced,
            Width = frame.Width,
            Height = frame.Height,
            Model = model,
            Saliency = mask.Saliency,
            AgeMs = (camera.Runner.NowNs - frame.CapturedNs) / 1e6,
            Trigger = trigger,
            Drops = camera.TakeNewDrops(),
            Degraded = service.Degraded,
        };
        // a reply wraps the same message and needs room for it
        var message = writer.Write(
            info,
            mask,
            request is null ? sink.MaxPayloadBytes : sink.MaxPayloadBytes - PipelineLimits.ReplyOverheadBytes
        );
        since = mask.Times.Close(Stage.Encode, since);
        if (!sink.TryPublishMask(topic ?? camera.Topics.Mask, message))
            camera.Stats.Drops.Count(DropCause.PublishQueue);
        mask.Times.Close(Stage.Publish, since);
        // a hundred masks of one old frame would hide the figures of the frames
        if (of is null)
            camera.Stats.CountOut(mask.Times, (camera.Runner.NowNs - frame.CapturedNs) / 1e6);
        Volatile.Write(ref published, published + 1);
        Masks.Add(published, frame, mask);
        return message;
    }

    public void Dispose() => writer.Dispose();
}
