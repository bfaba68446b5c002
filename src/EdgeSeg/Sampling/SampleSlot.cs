using System.Buffers;
using System.Text;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;

namespace EdgeSeg.Sampling;

/// <summary>A frame on its way to the disk. Its memory is kept for the next one.</summary>
internal sealed class SampleSlot : IDisposable
{
    private readonly RunLength runLength = new();
    private readonly ArrayBufferWriter<byte> counts = new();

    /// <summary>8-bit BGR.</summary>
    public Mat Pixels { get; } = new();

    /// <summary>Of the frame, which may have more pixels.</summary>
    public BinaryMask Mask { get; } = new();

    /// <summary>What is known when the frame is copied.</summary>
    public KeptSample? Sample { get; set; }

    /// <exception cref="IOException">OpenCV cannot encode it.</exception>
    public byte[] ToJpeg() =>
        Cv2.ImEncode(".jpg", Pixels, out var jpeg, [(int)ImwriteFlags.JpegQuality, SampleLimits.JpegQuality])
            ? jpeg
            : throw new IOException("OpenCV cannot encode the frame as JPEG");

    /// <summary>The mask in pixels of the picture; null: nothing was found.</summary>
    public SampleMask? ToMask()
    {
        if (Mask.Width != Pixels.Cols || Mask.Height != Pixels.Rows)
        {
            using var whole = new Mat();
            using var small = new Mat();
            MaskMat.ToMat(Mask, whole);
            Cv2.Resize(whole, small, Pixels.Size(), interpolation: InterpolationFlags.Nearest);
            MaskMat.FromMat(small, Mask);
        }

        var found = Mask.Measure();
        counts.ResetWrittenCount();
        return found.Area > 0 && runLength.TryEncode(Mask, counts, RunLength.MaxCountsBytes)
            ? new SampleMask(found.Area, [found.Left, found.Top, found.Width, found.Height], Encoding.ASCII.GetString(counts.WrittenSpan))
            : null;
    }

    public void Dispose() => Pixels.Dispose();
}
