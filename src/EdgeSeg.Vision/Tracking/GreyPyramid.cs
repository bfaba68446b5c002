using EdgeSeg.Vision.Images;
using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// A frame in grey at halved sizes, for optical flow. The largest level is the frame reduced to at most <see cref="MaxSide"/> pixels. Each
/// level has a border of <see cref="Border"/> pixels that repeats the edge, so that windows at the edge need no checks. Reused.
/// </summary>
internal sealed class GreyPyramid : IDisposable
{
    public const int MaxSide = 640,
        Border = 24,
        MaxLevels = 5;

    private const int MinLevelSide = 16;

    private readonly FrameResizer resizer = new();
    private readonly Mat small = new(),
        grey = new();
    private readonly float[][] levels = new float[MaxLevels][];
    private readonly int[] widths = new int[MaxLevels],
        heights = new int[MaxLevels];

    public int Levels { get; private set; }

    public int FrameWidth { get; private set; }

    public int FrameHeight { get; private set; }

    /// <summary>Pixels of the largest level for each pixel of the frame, in x and y.</summary>
    public double ScaleX => (double)widths[0] / FrameWidth;

    public double ScaleY => (double)heights[0] / FrameHeight;

    public int Width(int level) => widths[level];

    public int Height(int level) => heights[level];

    /// <summary>Floats in a row of a level, border included.</summary>
    public int Stride(int level) => widths[level] + 2 * Border;

    /// <summary>All values of a level, border included.</summary>
    public ReadOnlySpan<float> Values(int level) => levels[level].AsSpan(0, Stride(level) * (heights[level] + 2 * Border));

    /// <summary>Takes over a frame, 8-bit BGR.</summary>
    public void Fill(Mat frame)
    {
        (FrameWidth, FrameHeight) = (frame.Cols, frame.Rows);
        var scale = Math.Min(1.0, (double)MaxSide / Math.Max(frame.Cols, frame.Rows));
        var width = Math.Max(MinLevelSide, (int)Math.Round(frame.Cols * scale));
        var height = Math.Max(MinLevelSide, (int)Math.Round(frame.Rows * scale));
        if (width == frame.Cols && height == frame.Rows)
            Cv2.CvtColor(frame, grey, ColorConversionCodes.BGR2GRAY);
        else
        {
            small.Create(height, width, MatType.CV_8UC3);
            resizer.Fill(frame, small);
            Cv2.CvtColor(small, grey, ColorConversionCodes.BGR2GRAY);
        }

        Take(width, height);
        for (Levels = 1; Levels < MaxLevels; Levels++)
        {
            if (Math.Min(widths[Levels - 1], heights[Levels - 1]) < 2 * MinLevelSide)
                break;
            Halve(Levels);
        }
    }

    private unsafe void Take(int width, int height)
    {
        var (to, stride) = Prepare(0, width, height);
        for (var y = 0; y < height; y++)
        {
            var from = new ReadOnlySpan<byte>((void*)grey.Ptr(y), width);
            var row = to.AsSpan((y + Border) * stride + Border, width);
            for (var x = 0; x < width; x++)
                row[x] = from[x];
        }

        FillBorder(0);
    }

    private void Halve(int level)
    {
        int width = widths[level - 1] / 2,
            height = heights[level - 1] / 2,
            fromStride = Stride(level - 1);
        var from = levels[level - 1];
        var (to, stride) = Prepare(level, width, height);
        for (var y = 0; y < height; y++)
        {
            var above = from.AsSpan((2 * y + Border) * fromStride + Border, 2 * width);
            var below = from.AsSpan((2 * y + 1 + Border) * fromStride + Border, 2 * width);
            var row = to.AsSpan((y + Border) * stride + Border, width);
            for (var x = 0; x < width; x++)
                row[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * 0.25f;
        }

        FillBorder(level);
    }

    private (float[] Values, int Stride) Prepare(int level, int width, int height)
    {
        (widths[level], heights[level]) = (width, height);
        var length = Stride(level) * (height + 2 * Border);
        if (levels[level] is null || levels[level].Length < length)
            levels[level] = new float[length];
        return (levels[level], Stride(level));
    }

    private void FillBorder(int level)
    {
        var values = levels[level];
        int stride = Stride(level),
            width = widths[level],
            height = heights[level];
        for (var y = Border; y < height + Border; y++)
        {
            var row = values.AsSpan(y * stride, stride);
            row[..Border].Fill(row[Border]);
            row[(Border + width)..].Fill(row[Border + width - 1]);
        }

        for (var y = 0; y < Border; y++)
        {
            values.AsSpan(Border * stride, stride).CopyTo(values.AsSpan(y * stride, stride));
            values.AsSpan((Border + height - 1) * stride, stride).CopyTo(values.AsSpan((Border + height + y) * stride, stride));
        }
    }

    public void Dispose()
    {
        small.Dispose();
        grey.Dispose();
    }
}
