using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using OpenCvSharp;

namespace EdgeSeg.Vision.Masks;

/// <summary>Packed bits to and from OpenCV's one byte per pixel.</summary>
internal static class MaskMat
{
    /// <summary>Of zlib: a mask's rows repeat, so it costs little time.</summary>
    private const int BestCompression = 9;

    /// <summary>Takes the picture's size; every value except 0 is a set pixel. <paramref name="from"/> is CV_8UC1.</summary>
    public static void FromMat(Mat from, BinaryMask mask)
    {
        if (from.Type() != MatType.CV_8UC1)
            throw new ArgumentException($"a mask is read from 8UC1, not {from.Type()}");
        mask.Reset(from.Cols, from.Rows);
        for (var y = 0; y < mask.Height; y++)
        {
            var row = mask.Row(y);
            var pixels = Pixels(from, y);
            for (var i = 0; i < row.Length; i++)
                row[i] = Pack(pixels[(i << 6)..]);
        }
    }

    /// <summary><paramref name="to"/> becomes CV_8UC1 of the mask's size: 255 where set, 0 elsewhere.</summary>
    public static void ToMat(BinaryMask mask, Mat to)
    {
        to.Create(mask.Height, mask.Width, MatType.CV_8UC1);
        for (var y = 0; y < mask.Height; y++)
        {
            var row = mask.Row(y);
            var pixels = Pixels(to, y);
            for (var x = 0; x < pixels.Length; x += 8)
            {
                var bits = (byte)(row[x >> 6] >> (x & 63));
                if (pixels.Length - x >= 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(pixels[x..], Spread(bits));
                else
                    for (var k = 0; x + k < pixels.Length; k++)
                        pixels[x + k] = (byte)(-(bits >> k & 1));
            }
        }
    }

    /// <summary>The mask as a PNG file of one bit per pixel, set pixels white (docs/decisions/png.md).</summary>
    /// <exception cref="ArgumentException">The mask has no pixels: a PNG has at least one.</exception>
    public static byte[] ToPng(BinaryMask mask)
    {
        if (mask.Width == 0 || mask.Height == 0)
            throw new ArgumentException($"a mask of {mask.Width}x{mask.Height} cannot be a PNG");
        using var pixels = new Mat();
        ToMat(mask, pixels);
        return pixels.ImEncode(
            ".png",
            new ImageEncodingParam(ImwriteFlags.PngBilevel, 1),
            new ImageEncodingParam(ImwriteFlags.PngCompression, BestCompression)
        );
    }

    private static unsafe Span<byte> Pixels(Mat mat, int y) => new((void*)mat.Ptr(y), mat.Cols);

    private static ulong Pack(ReadOnlySpan<byte> pixels)
    {
        ulong word = 0;
        var count = Math.Min(64, pixels.Length);
        var x = 0;
        for (; x <= count - 16; x += 16)
        {
            var unset = Vector128.Equals(Vector128.Create(pixels.Slice(x, 16)), Vector128<byte>.Zero);
            word |= (ulong)(~unset).ExtractMostSignificantBits() << x;
        }

        for (; x < count; x++)
            if (pixels[x] != 0)
                word |= 1UL << x;
        return word;
    }

    /// <summary>Eight bits to eight bytes of 0 or 255, the lowest bit first.</summary>
    private static ulong Spread(byte bits)
    {
        var each = bits * 0x0101010101010101UL & 0x8040201008040201UL;
        return ((each + 0x7F7F7F7F7F7F7F7FUL) >> 7 & 0x0101010101010101UL) * 255;
    }
}
