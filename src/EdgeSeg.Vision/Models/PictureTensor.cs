using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A picture as the encoder takes it: three planes R, G, B of floats 0..1. Resized by bilinear interpolation between four pixels (centres
/// at +0.5, no averaging when it shrinks), which is what EfficientSAM's encoder does to a picture of another size inside its graph. Doing
/// it here, from the frame's bytes, gives the same numbers without the frame as floats (100 MB at 4K), and the graph always sees one shape.
/// </summary>
internal static class PictureTensor
{
    /// <param name="pixels">8-bit BGR, any size.</param>
    /// <param name="planes">3 x height x width.</param>
    /// <param name="width">Columns wanted.</param>
    /// <param name="height">Rows wanted.</param>
    public static unsafe void Fill(Mat pixels, Span<float> planes, int width, int height)
    {
        if (pixels.Type() != MatType.CV_8UC3)
            throw new ArgumentException($"8-bit BGR expected, {pixels.Type()} given");
        if (planes.Length != 3 * width * height)
            throw new ArgumentException($"{planes.Length} floats are not 3 planes of {height} x {width}");
        int columns = pixels.Cols,
            rows = pixels.Rows,
            plane = width * height;
        Span<Sample> columnOf = stackalloc Sample[width];
        for (var x = 0; x < width; x++)
            columnOf[x] = Sample.At(x, width, columns);
        for (var y = 0; y < height; y++)
        {
            var row = Sample.At(y, height, rows);
            byte* above = (byte*)pixels.Ptr(row.First),
                below = (byte*)pixels.Ptr(row.Second);
            var red = planes.Slice(y * width, width);
            var green = planes.Slice(plane + y * width, width);
            var blue = planes.Slice(2 * plane + y * width, width);
            for (var x = 0; x < width; x++)
            {
                var (left, right, weight) = columnOf[x];
                byte* a = above + 3 * left,
                    b = above + 3 * right,
                    c = below + 3 * left,
                    d = below + 3 * right;
                blue[x] = Blend(a[0], b[0], c[0], d[0], weight, row.Weight);
                green[x] = Blend(a[1], b[1], c[1], d[1], weight, row.Weight);
                red[x] = Blend(a[2], b[2], c[2], d[2], weight, row.Weight);
            }
        }
    }

    private static float Blend(float a, float b, float c, float d, float across, float down)
    {
        var top = a + (b - a) * across;
        var bottom = c + (d - c) * across;
        return (top + (bottom - top) * down) * (1 / 255f);
    }

    /// <summary>Two neighbours and how much of the second.</summary>
    private readonly record struct Sample(int First, int Second, float Weight)
    {
        public static Sample At(int i, int wanted, int given)
        {
            var at = Math.Max(0, (i + 0.5f) * given / wanted - 0.5f);
            var first = Math.Min((int)at, given - 1);
            return new Sample(first, Math.Min(first + 1, given - 1), at - first);
        }
    }
}
