using EdgeSeg.Capture;
using OpenCvSharp;

namespace EdgeSeg.Messages;

/// <summary>
/// A preview or snapshot is a bare JPEG; its frame is described in its MQTT 5 user properties (schema <c>PreviewProperties</c>).
/// </summary>
internal static class PreviewMessage
{
    public const string ContentType = "image/jpeg";

    /// <summary>Width and height are the published picture's, in whose pixels a click on it is given, however small the JPEG is.</summary>
    public static KeyValuePair<string, string>[] Properties(string session, Frame frame) =>
        Properties(session, frame.Camera, frame.Sequence, frame.Width, frame.Height, frame.CapturedUtc);

    /// <summary>The same, of a frame whose pixels are elsewhere.</summary>
    public static KeyValuePair<string, string>[] Properties(
        string session,
        string camera,
        long sequence,
        int width,
        int height,
        DateTimeOffset capturedUtc
    )
    {
        return
        [
            new("v", "1"),
            new("frame", FrameId.Text(session, camera, sequence)),
            new("camera", camera),
            new("session", session),
            new("width", width.ToString()),
            new("height", height.ToString()),
            new("captured_utc", capturedUtc.UtcDateTime.ToString("O")),
        ];
    }
}

/// <summary>Makes the JPEGs of previews and snapshots; the shrunk picture's memory is kept. One thread.</summary>
internal sealed class PreviewEncoder : IDisposable
{
    private readonly Mat small = new();

    /// <summary>
    /// Encodes a picture, at most <paramref name="width"/> wide, in at most <paramref name="maxBytes"/>: the quality is lowered in steps to
    /// get there.
    /// </summary>
    /// <param name="pixels">8-bit BGR.</param>
    /// <param name="width">In pixels; the height follows; a picture is never enlarged.</param>
    /// <param name="quality">1 to 100; afterwards the one used.</param>
    /// <param name="maxBytes">Largest payload.</param>
    /// <param name="jpeg">The picture; empty when false.</param>
    /// <returns>
    /// False when even <see cref="MessageLimits.MinJpegQuality"/> is too large: the answer is <see cref="CommandErrorCode.TooLarge"/>.
    /// </returns>
    public bool TryEncode(Mat pixels, int width, ref int quality, int maxBytes, out byte[] jpeg)
    {
        var source = pixels;
        if (width < pixels.Cols)
        {
            var height = Math.Max(1, (int)Math.Round((double)pixels.Rows * width / pixels.Cols));
            Cv2.Resize(pixels, small, new Size(width, height), 0, 0, InterpolationFlags.Area);
            source = small;
        }

        for (quality = Math.Max(quality, MessageLimits.MinJpegQuality); ; quality = Math.Max(MessageLimits.MinJpegQuality, quality - 15))
        {
            Cv2.ImEncode(".jpg", source, out jpeg, new ImageEncodingParam(ImwriteFlags.JpegQuality, quality));
            if (jpeg.Length <= maxBytes)
                return true;
            if (quality == MessageLimits.MinJpegQuality)
                break;
        }

        jpeg = [];
        return false;
    }

    public void Dispose() => small.Dispose();
}
