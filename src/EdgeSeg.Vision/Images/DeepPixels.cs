using OpenCvSharp;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Pictures of 16 bits a sample. Many cameras fill only 10, 12 or 14 of them, from the lowest bit up: halving 16 to 8 bits would make them
/// dark.
/// </summary>
internal static unsafe class DeepPixels
{
    private static readonly int[] depths = [8, 10, 12, 14, 16];

    /// <summary>The least of 8, 10, 12, 14 and 16 bits that holds the picture's greatest sample.</summary>
    public static int SignificantBits(Mat picture)
    {
        ushort greatest = 0;
        var rows = picture.Rows;
        for (var y = 0; y < rows; y++)
        {
            foreach (var sample in Row(picture, y))
                greatest = Math.Max(greatest, sample);
        }
        return Array.Find(depths, bits => greatest >> bits == 0);
    }

    /// <summary>
    /// A picture of 8 bits a sample: the upper 8 of <paramref name="bits"/>; greater samples become 255. The caller disposes it.
    /// </summary>
    public static Mat ToEightBits(Mat picture, int bits)
    {
        var result = new Mat(picture.Rows, picture.Cols, MatType.CV_8UC3);
        var shift = bits - 8;
        var rows = picture.Rows;
        for (var y = 0; y < rows; y++)
        {
            var from = Row(picture, y);
            var to = new Span<byte>((void*)result.Ptr(y), from.Length);
            for (var x = 0; x < from.Length; x++)
                to[x] = (byte)Math.Min(from[x] >> shift, byte.MaxValue);
        }
        return result;
    }

    private static ReadOnlySpan<ushort> Row(Mat picture, int y) => new((void*)picture.Ptr(y), picture.Cols * 3);
}
