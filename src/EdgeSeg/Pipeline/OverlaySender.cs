using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// Sends pictures with the mask drawn on them, as JPEG on the camera's overlay topic, for Home Assistant's image entity. At most one each
/// interval for a camera, because drawing and encoding cost as much as a small model. One thread.
/// </summary>
/// <param name="service">For the session.</param>
/// <param name="sink">Takes the pictures.</param>
/// <param name="intervalS">Seconds between two pictures of automatic masks of a camera. The answer to a command may come sooner:
/// after <see cref="PipelineLimits.OverlayAskedS"/>.</param>
internal sealed class OverlaySender(ServiceInfo service, IMessageSink sink, double intervalS) : IDisposable
{
    private readonly PreviewEncoder encoder = new();
    private readonly Dictionary<CameraPipeline, long> sentNs = [];

    /// <summary>Null where the settings ask for no such pictures.</summary>
    public static OverlaySender? Of(Configuration.HomeAssistantSettings settings, ServiceInfo service, IMessageSink sink) =>
        settings.HasObjectImages ? new OverlaySender(service, sink, settings.ImageIntervalS) : null;

    /// <summary>Draws the mask and sends the picture when one is due; one that does not fit a message is not sent.</summary>
    /// <param name="camera">Its topic and its clock.</param>
    /// <param name="picture">The frame that the mask was made on.</param>
    /// <param name="mask">Found or not; one that was not found gives the frame with the reason.</param>
    /// <param name="asked">A command asked for the mask: somebody waits for the picture.</param>
    public void SendDue(CameraPipeline camera, Picture picture, Segmentation mask, bool asked = false)
    {
        var now = camera.Runner.NowNs;
        var gapNs = (long)(1e9 * (asked ? Math.Min(intervalS, PipelineLimits.OverlayAskedS) : intervalS));
        if (sentNs.TryGetValue(camera, out var last) && now - last < gapNs)
            return;
        sentNs[camera] = now;
        var frame = picture.Frame;
        using var whole = new Mat();
        var pixels = picture.Whole;
        if (pixels.Cols != frame.Width || pixels.Rows != frame.Height)
        {
            // a held frame may have been shrunk; masks are in the pixels of the published picture
            Cv2.Resize(pixels, whole, new Size(frame.Width, frame.Height), 0, 0, InterpolationFlags.Linear);
            pixels = whole;
        }

        using var drawn = Overlay.Draw(pixels, mask.Found ? mask.Mask : null, mask.Prompt, mask.Label);
        var quality = PipelineLimits.OverlayQuality;
        if (!encoder.TryEncode(drawn, PipelineLimits.OverlayWidth, ref quality, sink.MaxPayloadBytes, out var jpeg))
            return;
        var properties = PreviewMessage.Properties(
            service.Session,
            frame.Camera,
            frame.Sequence,
            frame.Width,
            frame.Height,
            frame.CapturedUtc
        );
        sink.TryPublish(camera.Topics.Overlay, jpeg, PreviewMessage.ContentType, PipelineLimits.PreviewExpiryS, properties);
    }

    public void Dispose() => encoder.Dispose();
}
