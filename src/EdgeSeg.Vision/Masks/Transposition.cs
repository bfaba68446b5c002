namespace EdgeSeg.Vision.Masks;

/// <summary>Rows to columns, 64 x 64 pixels at a time, so that column-major run lengths are found by walking along words.</summary>
internal static class Transposition
{
    private const int Side = 64;

    /// <summary>
    /// Makes <paramref name="to"/> the transpose of <paramref name="from"/>: pixel (x, y) becomes (y, x). They must not be the same mask.
    /// </summary>
    public static void Transpose(BinaryMask from, BinaryMask to)
    {
        to.Reset(from.Height, from.Width);
        Span<ulong> block = stackalloc ulong[Side];
        var words = from.Words;
        for (var top = 0; top < from.Height; top += Side)
        {
            var rows = Math.Min(Side, from.Height - top);
            for (var i = 0; i < from.Stride; i++)
            {
                ulong any = 0;
                for (var r = 0; r < rows; r++)
                    any |= block[r] = words[(top + r) * from.Stride + i];
                if (any == 0)
                    continue;
                block[rows..].Clear();
                Transpose(block);
                var columns = Math.Min(Side, from.Width - i * Side);
                for (var c = 0; c < columns; c++)
                    to.Row(i * Side + c)[top / Side] = block[c];
            }
        }
    }

    /// <summary>Bit x of word y becomes bit y of word x: quarters are swapped at side 32, then 16, down to 1.</summary>
    private static void Transpose(Span<ulong> block)
    {
        var low = 0x00000000FFFFFFFFUL;
        for (var half = Side / 2; half != 0; half >>= 1, low ^= low << half)
        {
            for (var k = 0; k < Side; k = (k + half + 1) & ~half)
            {
                var swap = ((block[k] >> half) ^ block[k + half]) & low;
                block[k] ^= swap << half;
                block[k + half] ^= swap;
            }
        }
    }
}
