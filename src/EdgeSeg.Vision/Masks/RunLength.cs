using System.Buffers;
using System.Numerics;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// COCO run lengths, compressed, as pycocotools writes and reads them. Pixels are taken column by column; runs of unset and set pixels
/// alternate, beginning with unset (0 where the first pixel is set). From the fourth on, a run is stored as its difference to the run
/// before last. Each number is written five bits at a time, lowest first, as the characters 48..111: bit 5 means that more follow, the last
/// group's bit 4 is the sign. One of the characters is a backslash: JSON must escape it. Memory is kept between calls: one instance per
/// thread, no allocation after the first calls.
/// </summary>
internal sealed class RunLength
{
    /// <summary>Longest run-length text of a mask in a message, in bytes, beside its other fields.</summary>
    public const int MaxCountsBytes = 100_000;

    /// <summary>Characters of the longest number: a difference of two runs has at most 33 bits with its sign.</summary>
    private const int MaxDigits = 7;

    private readonly BinaryMask columns = new();

    /// <summary>
    /// Appends the mask's counts to <paramref name="counts"/>. False when they would take more than <paramref name="capBytes"/>:
    /// encoding stops there, and the appended part, never more than the cap, must be discarded.
    /// </summary>
    public bool TryEncode(BinaryMask mask, ArrayBufferWriter<byte> counts, int capBytes = RunLength.MaxCountsBytes)
    {
        Transposition.Transpose(mask, columns);
        var writer = new RunWriter(counts, capBytes);
        var height = mask.Height;
        var inLast = ulong.MaxValue >> -height;
        ulong before = 0;
        long position = 0,
            start = 0;
        for (var x = 0; x < columns.Height; x++, position += height)
        {
            var column = columns.Row(x);
            for (var i = 0; i < column.Length; i++)
            {
                var word = column[i];
                var changes = word ^ (word << 1 | before);
                if (i == column.Length - 1)
                {
                    changes &= inLast;
                    before = word >> (height - 1) & 1;
                }
                else
                {
                    before = word >> 63;
                }

                for (; changes != 0; changes &= changes - 1)
                {
                    var at = position + (i << 6) + BitOperations.TrailingZeroCount(changes);
                    if (!writer.TryWrite(at - start))
                        return false;
                    start = at;
                }
            }
        }

        return writer.TryWrite(position - start);
    }

    /// <summary>
    /// Reads counts into <paramref name="mask"/>, which takes the size. False with a sentence in <paramref name="problem"/> (the mask is
    /// then empty) when they are not such counts or do not add up to width x height. Runs of 0 are accepted, as by pycocotools.
    /// </summary>
    public bool TryDecode(ReadOnlySpan<byte> counts, int width, int height, BinaryMask mask, out string problem)
    {
        var fill = new RunFill(columns, width, height);
        long previous = 0,
            last = 0;
        var runs = 0;
        var i = 0;
        while (i < counts.Length && fill.Problem.Length == 0)
        {
            var (value, digits) = Number(counts[i..]);
            if (digits == 0)
            {
                fill.Problem = $"the run at character {i} of the counts is damaged or incomplete";
                break;
            }

            i += digits;
            if (runs > 2)
                value += previous;
            (previous, last) = (last, value);
            fill.Add(value, runs++);
        }

        return Finish(ref fill, mask, out problem);
    }

    /// <summary>As above, from the text that JSON gives.</summary>
    public bool TryDecode(string counts, int width, int height, BinaryMask mask, out string problem)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(counts.Length);
        // a character above one byte is not a digit: it becomes one that is refused
        for (var i = 0; i < counts.Length; i++)
            bytes[i] = counts[i] < 128 ? (byte)counts[i] : (byte)0;
        var done = TryDecode(bytes.AsSpan(0, counts.Length), width, height, mask, out problem);
        ArrayPool<byte>.Shared.Return(bytes);
        return done;
    }

    /// <summary>As above, from uncompressed counts: the run lengths themselves.</summary>
    public bool TryDecode(ReadOnlySpan<int> runs, int width, int height, BinaryMask mask, out string problem)
    {
        var fill = new RunFill(columns, width, height);
        for (var i = 0; i < runs.Length && fill.Problem.Length == 0; i++)
            fill.Add(runs[i], i);
        return Finish(ref fill, mask, out problem);
    }

    private bool Finish(ref RunFill fill, BinaryMask mask, out string problem)
    {
        problem = fill.Finish();
        if (problem.Length == 0)
            Transposition.Transpose(columns, mask);
        else
            mask.Reset(0, 0);
        return problem.Length == 0;
    }

    /// <summary>The number that begins the span, and how many characters it took: 0 when there is none.</summary>
    private static (long Value, int Digits) Number(ReadOnlySpan<byte> from)
    {
        long value = 0;
        for (var k = 0; k < Math.Min(from.Length, MaxDigits); k++)
        {
            var group = from[k] - 48;
            if (group is < 0 or > 63)
                return default;
            value |= (long)(group & 31) << (5 * k);
            if ((group & 32) != 0)
                continue;
            if ((group & 16) != 0)
                value |= -1L << (5 * (k + 1));
            return (value, k + 1);
        }

        return default;
    }

    private ref struct RunWriter(ArrayBufferWriter<byte> counts, int capBytes)
    {
        private long last,
            previous;
        private int runs,
            left = capBytes;

        public bool TryWrite(long run)
        {
            var value = runs > 2 ? run - previous : run;
            (previous, last) = (last, run);
            runs++;
            var digits = counts.GetSpan(MaxDigits);
            var n = 0;
            var more = true;
            while (more)
            {
                var group = (int)value & 31;
                value >>= 5;
                more = value != ((group & 16) != 0 ? -1 : 0);
                digits[n++] = (byte)(48 + group + (more ? 32 : 0));
            }

            if (n > left)
                return false;
            left -= n;
            counts.Advance(n);
            return true;
        }
    }
}
