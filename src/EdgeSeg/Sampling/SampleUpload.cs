using System.Globalization;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Sampling;

/// <summary>
/// Answers the command <c>samples</c>: the counts and, where it asks for one and the settings name a topic, one picture. One thread.
/// </summary>
internal sealed class SampleUpload(SampleStore store, string topic, IMessageSink sink) : IDisposable
{
    /// <summary>Room for the reply around the description of a frame, in bytes.</summary>
    private const int ReplyBytes = 1024;

    private readonly JsonBuffer json = new();
    private readonly PreviewEncoder encoder = new();

    /// <summary>The result of the command; the picture has been handed to the link before.</summary>
    /// <param name="totals">What is kept.</param>
    /// <param name="device">Its id.</param>
    /// <param name="session">Of this run.</param>
    /// <param name="camera">Whose frames are meant.</param>
    /// <param name="request">What is asked.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ReadOnlySpan<byte> Answer(SampleTotals totals, string device, string session, string camera, SamplesRequest request)
    {
        if (!request.Upload || store.Next(camera, request.After) is not var (sample, jpeg))
            return ReplyMessage.WriteSamples(json, totals.Count, totals.Bytes, null, []);
        var picture = Fit(jpeg);
        sink.TryPublish(topic, picture, PreviewMessage.ContentType, SampleLimits.UploadExpiryS, Properties(device, session, sample));
        var description = sample.ToJson();
        // the run lengths of a large mask do not fit a message: they stay on the device
        if (description.Length > sink.MaxPayloadBytes - ReplyBytes)
            description = (sample with { Mask = null }).ToJson();
        return ReplyMessage.WriteSamples(json, totals.Count, totals.Bytes, topic, description);
    }

    /// <summary>The picture as it is, or with less quality and at last fewer pixels where it is larger than a message.</summary>
    private byte[] Fit(byte[] jpeg)
    {
        if (jpeg.Length <= sink.MaxPayloadBytes)
            return jpeg;
        using var pixels = Cv2.ImDecode(jpeg, ImreadModes.Color);
        for (var width = pixels.Cols; width >= MessageLimits.MinPreviewWidth; width /= 2)
        {
            var quality = SampleLimits.JpegQuality;
            if (encoder.TryEncode(pixels, width, ref quality, sink.MaxPayloadBytes, out var smaller))
                return smaller;
        }

        throw new OperatingException($"the picture does not fit {sink.MaxPayloadBytes} bytes");
    }

    private static KeyValuePair<string, string>[] Properties(string device, string session, KeptSample sample) =>
        [
            new("v", "1"),
            new("device", device),
            new("camera", sample.Camera),
            new("session", session),
            new("sample", sample.Number.ToString(CultureInfo.InvariantCulture)),
            new("frame", sample.Frame),
            new("reason", sample.Reason.ToWire()),
            new("width", sample.Width.ToString(CultureInfo.InvariantCulture)),
            new("height", sample.Height.ToString(CultureInfo.InvariantCulture)),
            new("captured_utc", sample.CapturedUtc.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
        ];

    public void Dispose()
    {
        encoder.Dispose();
        json.Dispose();
    }
}
