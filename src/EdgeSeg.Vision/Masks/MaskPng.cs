using System.Buffers.Binary;
using System.IO.Compression;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// A mask as PNG, one bit a pixel, set pixels white. Written straight from the packed bits: OpenCV's encoder would want eight times the
/// memory first. Control plane: it allocates the compressed data.
/// </summary>
internal static class MaskPng
{
    private static readonly uint[] crcTable = CrcTable();

    /// <summary>The whole file. A PNG has at least one pixel: an empty size is an <see cref="ArgumentException"/>.</summary>
    public static byte[] Encode(BinaryMask mask)
    {
        using var file = new MemoryStream();
        Write(mask, file);
        return file.ToArray();
    }

    public static void Write(BinaryMask mask, Stream file)
    {
        if (mask.Width == 0 || mask.Height == 0)
            throw new ArgumentException($"a mask of {mask.Width}x{mask.Height} cannot be a PNG");
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, mask.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], mask.Height);
        header[8] = 1; // bit depth; colour type, compression, filter and interlace stay 0: grey, deflate, standard, none
        header[9..].Clear();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        WriteChunk(file, "IHDR"u8, header);
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
            WriteRows(mask, deflate);
        WriteChunk(file, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(file, "IEND"u8, []);
    }

    private static void WriteRows(BinaryMask mask, Stream deflate)
    {
        // a filter byte (0: none), then the pixels, the leftmost in the highest bit; a mask has it in the lowest
        var line = new byte[1 + mask.Stride * sizeof(ulong)];
        var used = 1 + (mask.Width + 7) / 8;
        for (var y = 0; y < mask.Height; y++)
        {
            var row = mask.Row(y);
            for (var i = 0; i < row.Length; i++)
                BinaryPrimitives.WriteUInt64LittleEndian(line.AsSpan(1 + i * sizeof(ulong)), ReverseInBytes(row[i]));
            deflate.Write(line, 0, used);
        }
    }

    /// <summary>Reverses the bits of each byte: halves, quarters and neighbours change places.</summary>
    private static ulong ReverseInBytes(ulong w)
    {
        w = w >> 4 & 0x0F0F0F0F0F0F0F0F | (w & 0x0F0F0F0F0F0F0F0F) << 4;
        w = w >> 2 & 0x3333333333333333 | (w & 0x3333333333333333) << 2;
        return w >> 1 & 0x5555555555555555 | (w & 0x5555555555555555) << 1;
    }

    private static void WriteChunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        file.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (var b in data)
            crc = crcTable[(byte)(crc ^ b)] ^ crc >> 8;
        return crc;
    }

    private static uint[] CrcTable()
    {
        var table = new uint[256];
        for (uint n = 0; n < table.Length; n++)
        {
            var c = n;
            for (var k = 0; k < 8; k++)
                c = (c & 1) != 0 ? 0xEDB88320 ^ c >> 1 : c >> 1;
            table[n] = c;
        }

        return table;
    }
}
