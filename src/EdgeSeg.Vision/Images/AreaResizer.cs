using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OpenCvSharp;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Makes a picture smaller by area averaging: each pixel is the mean of the area that it covers, with pixels at the border weighted by
/// their covered part. The result is that of OpenCV's INTER_AREA, to two grey levels in noise, in a third of its time: vertically first,
/// sixteen bytes at once, then horizontally on the remaining rows.
/// </summary>
internal sealed class AreaResizer
{
    /// <summary>Most rows that are averaged into one: 8192 pixels to 128.</summary>
    private const int MaxTaps = 66;

    // vertical weights have 8 bits, so that sums fit 16; horizontal ones have 16, so that sums fit 32
    private const int DownOne = 1 << 8,
        AcrossOne = 1 << 16;

    private readonly Taps down = new(DownOne),
        across = new(AcrossOne);
    private ushort[] sums = [];

    /// <summary>Whether <see cref="Fill"/> supports the sizes: smaller in both directions, by a factor of at most 64.</summary>
    public static bool Fits(int columns, int rows, int width, int height) =>
        columns >= width
        && rows >= height
        && columns >= Vector128<byte>.Count
        && columns <= width * (MaxTaps - 2)
        && rows <= height * (MaxTaps - 2);

    /// <param name="pixels">8-bit BGR.</param>
    /// <param name="target">8-bit BGR of a size that <see cref="Fits"/>.</param>
    [SkipLocalsInit]
    public unsafe void Fill(Mat pixels, Mat target)
    {
        int columns = pixels.Cols,
            bytes = 3 * columns,
            width = target.Cols,
            height = target.Rows;
        down.Set(pixels.Rows, height);
        across.Set(columns, width);
        // the last pixel is read together with its neighbour
        if (sums.Length < bytes + Vector128<ushort>.Count)
            sums = new ushort[bytes + Vector128<ushort>.Count];
        var from = stackalloc byte*[MaxTaps];
        var weightOf = stackalloc Vector128<ushort>[MaxTaps];
        byte* first = (byte*)pixels.Data;
        var step = pixels.Step();
        byte* to = (byte*)target.Data;
        var toStep = target.Step();
        fixed (ushort* sum = sums)
        {
            for (var y = 0; y < height; y++)
            {
                var weights = down.Of(y, out var row);
                for (var i = 0; i < weights.Length; i++)
                {
                    from[i] = first + (row + i) * step;
                    weightOf[i] = Vector128.Create((ushort)weights[i].ToScalar());
                }

                Down(from, weightOf, weights.Length, sum, bytes);
                Across(sum, to + y * toStep, width);
            }
        }
    }

    /// <summary>The weighted sum of some rows, byte by byte.</summary>
    private static unsafe void Down(byte** from, Vector128<ushort>* weights, int taps, ushort* sum, int bytes)
    {
        var at = 0;
        while (at < bytes)
        {
            Vector128<ushort> low = default,
                high = default;
            for (var i = 0; i < taps; i++)
            {
                var (a, b) = Vector128.Widen(Vector128.Load(from[i] + at));
                low += a * weights[i];
                high += b * weights[i];
            }

            low.Store(sum + at);
            high.Store(sum + at + Vector128<ushort>.Count);
            // the last step overlaps the one before it, so that it does not reach beyond the row
            at =
                at + Vector128<byte>.Count < bytes && at + 2 * Vector128<byte>.Count > bytes
                    ? bytes - Vector128<byte>.Count
                    : at + Vector128<byte>.Count;
        }
    }

    /// <summary>The weighted sums of neighbours in that row: three colours, and an unused fourth value, at once.</summary>
    private unsafe void Across(ushort* sum, byte* to, int width)
    {
        var half = Vector128.Create(1u << 23);
        for (var x = 0; x < width; x++)
        {
            var weights = across.Of(x, out var column);
            var p = sum + 3 * column;
            var colours = half;
            foreach (var weight in weights)
            {
                colours += Vector128.WidenLower(Vector128.Load(p)) * weight;
                p += 3;
            }

            // the uppermost byte of each sum; the fourth is written over by the next pixel
            var words = Vector128.Narrow(colours >> 24, default);
            var four = Vector128.Narrow(words, default).AsUInt32().ToScalar();
            if (x < width - 1)
                Unsafe.WriteUnaligned(to + 3 * x, four);
            else
                (to[3 * x], to[3 * x + 1], to[3 * x + 2]) = ((byte)four, (byte)(four >> 8), (byte)(four >> 16));
        }
    }

    /// <summary>
    /// For each pixel of a line: the pixels of a longer line that it covers, and their weights. Memory is kept: the size of crops changes
    /// from frame to frame.
    /// </summary>
    /// <param name="one">What the weights of one pixel add up to, exactly.</param>
    private sealed class Taps(int one)
    {
        private int given,
            wanted;
        private int[] first = [],
            start = [];
        private Vector128<uint>[] weights = [];

        public ReadOnlySpan<Vector128<uint>> Of(int i, out int firstPixel)
        {
            firstPixel = first[i];
            return MemoryMarshal.CreateReadOnlySpan(ref weights[start[i]], start[i + 1] - start[i]);
        }

        /// <param name="longer">Pixels of the longer line.</param>
        /// <param name="shorter">Pixels of the shorter one.</param>
        public void Set(int longer, int shorter)
        {
            if ((given, wanted) == (longer, shorter))
                return;
            (given, wanted) = (longer, shorter);
            Reserve();
            var count = 0;
            for (var i = 0; i < wanted; i++)
            {
                // in units of 1/wanted, in which all edges are whole
                long low = (long)i * given,
                    high = low + given;
                first[i] = (int)(low / wanted);
                var before = 0L;
                for (var at = (long)first[i]; at * wanted < high; at++)
                {
                    var until = (Math.Min((at + 1) * wanted, high) - low) * one;
                    var covered = (until + given / 2) / given;
                    weights[count++] = Vector128.Create((uint)(covered - before));
                    before = covered;
                }

                start[i + 1] = count;
            }
        }

        private void Reserve()
        {
            if (first.Length < wanted)
                (first, start) = (new int[wanted], new int[wanted + 1]);
            // a pixel shares those at its edges with its neighbours
            var most = given + 2 * wanted;
            if (weights.Length < most)
                weights = new Vector128<uint>[most];
        }
    }
}
