using System.Numerics;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// A binary mask in frame pixels, one bit per pixel: row-major, pixel x of a row is bit (x mod 64) of word (x / 64), rows padded to whole
/// words, padding bits always zero. Reused through <see cref="Reset"/>; grows, never shrinks.
/// </summary>
internal sealed class BinaryMask
{
    private ulong[] words = [];

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>64-bit words in a row.</summary>
    public int Stride { get; private set; }

    /// <summary>All words, rows one after the other.</summary>
    public ReadOnlySpan<ulong> Words => words.AsSpan(0, Stride * Height);

    /// <summary>Sets the size and clears every pixel.</summary>
    public void Reset(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        (Width, Height, Stride) = (width, height, (width + 63) >> 6);
        var length = checked(Stride * height);
        if (words.Length < length)
            words = new ulong[length];
        else
            words.AsSpan(0, length).Clear();
    }

    /// <summary>The words of a row; writers keep padding bits zero.</summary>
    public Span<ulong> Row(int y) => words.AsSpan(y * Stride, Stride);

    public bool this[int x, int y]
    {
        get => (uint)x < (uint)Width && (uint)y < (uint)Height && (words[y * Stride + (x >> 6)] >> x & 1) != 0;
        set
        {
            if ((uint)x >= (uint)Width || (uint)y >= (uint)Height)
                throw new ArgumentOutOfRangeException(nameof(x));
            ref var word = ref words[y * Stride + (x >> 6)];
            if (value)
                word |= 1UL << x;
            else
                word &= ~(1UL << x);
        }
    }

    /// <summary>Sets pixels <paramref name="from"/> (included) to <paramref name="to"/> (excluded) of a row.</summary>
    public void SetRun(int y, int from, int to)
    {
        if (from >= to)
            return;
        if (from < 0 || to > Width)
            throw new ArgumentOutOfRangeException(nameof(to));
        var row = Row(y);
        int first = from >> 6,
            last = (to - 1) >> 6;
        var head = ulong.MaxValue << from;
        var tail = ulong.MaxValue >> -to;
        if (first == last)
        {
            row[first] |= head & tail;
            return;
        }

        row[first] |= head;
        row[(first + 1)..last].Fill(ulong.MaxValue);
        row[last] |= tail;
    }

    public void CopyFrom(BinaryMask other)
    {
        Reset(other.Width, other.Height);
        other.Words.CopyTo(words);
    }

    /// <summary>
    /// Copies this mask into a larger one, its top-left pixel at (<paramref name="left"/>, <paramref name="top"/>); other pixels there
    /// stay.
    /// </summary>
    public void PlaceInto(BinaryMask target, int left, int top)
    {
        if (left < 0 || top < 0 || left + Width > target.Width || top + Height > target.Height)
            throw new ArgumentException($"a mask of {Width}x{Height} at {left},{top} is outside one of {target.Width}x{target.Height}");
        int words = left >> 6,
            bits = left & 63;
        for (var y = 0; y < Height; y++)
        {
            var from = Row(y);
            var to = target.Row(top + y)[words..];
            for (var i = 0; i < from.Length; i++)
            {
                to[i] |= from[i] << bits;
                // the bits shifted out of this word; they lie inside the target's row, since the mask fits
                if (bits > 0 && i + 1 < to.Length)
                    to[i + 1] |= from[i] >> (64 - bits);
            }
        }
    }

    /// <summary>Number of set pixels.</summary>
    public int Area()
    {
        var n = 0;
        foreach (var word in Words)
            n += BitOperations.PopCount(word);
        return n;
    }

    /// <summary>Area, tight box and centroid in one walk over the words.</summary>
    public MaskGeometry Measure()
    {
        long area = 0,
            sumX = 0,
            sumY = 0;
        int minX = int.MaxValue,
            maxX = -1,
            minY = -1,
            maxY = -1;
        for (var y = 0; y < Height; y++)
        {
            var row = Row(y);
            long inRow = 0;
            for (var i = 0; i < row.Length; i++)
            {
                var word = row[i];
                if (word == 0)
                    continue;
                var at = i << 6;
                minX = Math.Min(minX, at + BitOperations.TrailingZeroCount(word));
                maxX = Math.Max(maxX, at + 63 - BitOperations.LeadingZeroCount(word));
                var count = BitOperations.PopCount(word);
                inRow += count;
                sumX += (long)count * at + BitPositions(word);
            }

            if (inRow == 0)
                continue;
            if (minY < 0)
                minY = y;
            maxY = y;
            area += inRow;
            sumY += inRow * y;
        }

        return area == 0
            ? default
            : new MaskGeometry(
                (int)area,
                minX,
                minY,
                maxX - minX + 1,
                maxY - minY + 1,
                (double)sumX / area + 0.5,
                (double)sumY / area + 0.5
            );
    }

    /// <summary>Sets every pixel that is set in a mask of the same size.</summary>
    public void Add(BinaryMask other)
    {
        RequireSize(other);
        for (var i = 0; i < Stride * Height; i++)
            words[i] |= other.words[i];
    }

    /// <summary>
    /// Intersection over union of two masks of one size, pixels of <paramref name="ignored"/> left out; 0 when both are empty.
    /// </summary>
    public static double Iou(BinaryMask a, BinaryMask b, BinaryMask? ignored = null)
    {
        a.RequireSize(b);
        if (ignored is not null)
            a.RequireSize(ignored);
        long both = 0,
            either = 0;
        for (var i = 0; i < a.Stride * a.Height; i++)
        {
            var counted = ignored is null ? ulong.MaxValue : ~ignored.words[i];
            both += BitOperations.PopCount(a.words[i] & b.words[i] & counted);
            either += BitOperations.PopCount((a.words[i] | b.words[i]) & counted);
        }

        return either == 0 ? 0 : (double)both / either;
    }

    private void RequireSize(BinaryMask other)
    {
        if (Width != other.Width || Height != other.Height)
            throw new ArgumentException($"masks of {Width}x{Height} and {other.Width}x{other.Height} cannot be combined");
    }

    /// <summary>Sum of the positions (0..63) of the set bits: six masked pop-counts instead of a loop over bits.</summary>
    private static int BitPositions(ulong w) =>
        BitOperations.PopCount(w & 0xAAAAAAAAAAAAAAAA)
        + 2 * BitOperations.PopCount(w & 0xCCCCCCCCCCCCCCCC)
        + 4 * BitOperations.PopCount(w & 0xF0F0F0F0F0F0F0F0)
        + 8 * BitOperations.PopCount(w & 0xFF00FF00FF00FF00)
        + 16 * BitOperations.PopCount(w & 0xFFFF0000FFFF0000)
        + 32 * BitOperations.PopCount(w & 0xFFFFFFFF00000000);
}

/// <summary>
/// Area in pixels, tight box (left, top, width, height in pixels) and centroid (pixel centres at +0.5). All zero for an empty mask.
/// </summary>
internal readonly record struct MaskGeometry(int Area, int Left, int Top, int Width, int Height, double CentroidX, double CentroidY);
