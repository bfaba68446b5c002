using System.Numerics;
using System.Runtime.Intrinsics;
using EdgeSeg.Vision.Images;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// Enlarges a map of logits to the frame and keeps what is above 0, without computing the pixels: between two neighbouring columns of the
/// map a row of the picture is a straight line, so only its crossings of 0 are computed, and runs between them are set. The convention is
/// OpenCV's INTER_LINEAR: pixel centres at +0.5, values beyond the outermost centres are those of the edge.
/// </summary>
internal static class LogitsToMask
{
    /// <summary>
    /// <paramref name="logits"/> is <paramref name="lh"/> x <paramref name="lw"/>, row-major; <paramref name="mask"/> becomes width x
    /// height. False, with an empty mask of that size, when a logit is NaN or infinite: the model's output is then to be refused. Allocates
    /// nothing once the mask has grown.
    /// </summary>
    public static bool Enlarge(ReadOnlySpan<float> logits, int lw, int lh, BinaryMask mask, int width, int height) =>
        Enlarge(logits, lw, lh, mask, width, height, new PixelWindow(0, 0, width, height));

    /// <summary>
    /// The same for logits that cover only a window of the picture. Pixels whose centre lies outside of the window stay unset.
    /// </summary>
    /// <param name="logits"><paramref name="lh"/> rows of <paramref name="lw"/>.</param>
    /// <param name="lw">Columns of the map.</param>
    /// <param name="lh">Rows of the map.</param>
    /// <param name="mask">Becomes <paramref name="width"/> x <paramref name="height"/>.</param>
    /// <param name="width">Of the whole picture, in pixels.</param>
    /// <param name="height">Of the whole picture, in pixels.</param>
    /// <param name="window">Where the map lies in the picture; its edges need not be whole pixels.</param>
    public static bool Enlarge(ReadOnlySpan<float> logits, int lw, int lh, BinaryMask mask, int width, int height, PixelWindow window)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lw);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lh);
        if (logits.Length != lw * lh)
            throw new ArgumentException($"{logits.Length} logits are not {lh} rows of {lw}");
        if (!(window.Width > 0 && window.Height > 0))
            throw new ArgumentException($"a window of {window.Width} x {window.Height} pixels has no area");
        mask.Reset(width, height);
        if (!AllFinite(logits))
            return false;
        // pixels whose centre lies inside
        int left = Pixel(window.X, width),
            right = Pixel(window.X + window.Width, width);
        int top = Pixel(window.Y, height),
            bottom = Pixel(window.Y + window.Height, height);
        var columns = new Columns(left, right, window.X, window.Width / lw);
        for (var y = top; y < bottom; y++)
        {
            var at = (float)((y + 0.5 - window.Y) * lh / window.Height - 0.5);
            var above = Math.Clamp((int)MathF.Floor(at), 0, lh - 1);
            var below = Math.Min(above + 1, lh - 1);
            var weight = Math.Clamp(at - above, 0, 1);
            FillRow(new Blend(logits.Slice(above * lw, lw), logits.Slice(below * lw, lw), weight), mask, y, columns);
        }

        return true;
    }

    private static int Pixel(double edge, int size) => (int)Math.Clamp(Math.Ceiling(edge - 0.5), 0, size);

    /// <summary>
    /// The picture's columns that a map covers: <paramref name="Left"/> (included) to <paramref name="Right"/> (excluded), and where the
    /// map's own lie.
    /// </summary>
    private readonly record struct Columns(int Left, int Right, double Edge, double PerColumn);

    private static void FillRow(Blend row, BinaryMask mask, int y, in Columns columns)
    {
        ulong before = 0;
        var from = columns.Left;
        for (var first = 0; first < row.Length; first += 64)
        {
            var count = Math.Min(64, row.Length - first);
            var positive = row.Positive(first, count);
            var changes = positive ^ (positive << 1 | before);
            if (count < 64)
                changes &= (1UL << count) - 1;
            before = positive >> (count - 1) & 1;
            for (; changes != 0; changes &= changes - 1)
            {
                var k = first + BitOperations.TrailingZeroCount(changes);
                var rising = (positive >> k & 1) != 0;
                if (k == 0)
                    continue;
                double left = row[k - 1],
                    right = row[k];
                var crossing = (k - 1 + left / (left - right) + 0.5) * columns.PerColumn + columns.Edge - 0.5;
                if (rising)
                    from = Math.Clamp((int)Math.Floor(crossing) + 1, columns.Left, columns.Right);
                else
                    mask.SetRun(y, from, Math.Clamp((int)Math.Ceiling(crossing), columns.Left, columns.Right));
            }
        }

        if (before != 0)
            mask.SetRun(y, from, columns.Right);
    }

    private static bool AllFinite(ReadOnlySpan<float> values)
    {
        // x - x is 0 for every finite x and NaN for all others
        var sum = Vector128<float>.Zero;
        var i = 0;
        for (; i <= values.Length - 4; i += 4)
        {
            var v = Vector128.Create(values.Slice(i, 4));
            sum += v - v;
        }

        var rest = Vector128.Sum(sum);
        for (; i < values.Length; i++)
            rest += values[i] - values[i];
        return rest == 0;
    }

    /// <summary>A row between two rows of the map.</summary>
    private readonly ref struct Blend(ReadOnlySpan<float> above, ReadOnlySpan<float> below, float weight)
    {
        private readonly ReadOnlySpan<float> above = above,
            below = below;

        public int Length => above.Length;

        public float this[int x] => above[x] + (below[x] - above[x]) * weight;

        /// <summary>
        /// One bit for each of up to 64 columns: is the value above 0? The vector computes exactly what the indexer does.
        /// </summary>
        public ulong Positive(int first, int count)
        {
            ulong bits = 0;
            var i = 0;
            for (; i <= count - 4; i += 4)
            {
                var a = Vector128.Create(above.Slice(first + i, 4));
                var b = Vector128.Create(below.Slice(first + i, 4));
                var value = a + (b - a) * weight;
                bits |= (ulong)Vector128.GreaterThan(value, Vector128<float>.Zero).ExtractMostSignificantBits() << i;
            }

            for (; i < count; i++)
                if (this[first + i] > 0)
                    bits |= 1UL << i;
            return bits;
        }
    }
}
