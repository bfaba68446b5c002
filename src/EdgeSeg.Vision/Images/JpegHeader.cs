using System.Buffers.Binary;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Walks a JPEG's segments to its end-of-image marker. A search for the marker's two bytes would not do: the thumbnail inside the EXIF
/// segment contains one too, and phones append a second picture or a video after the first.
/// </summary>
internal static class JpegHeader
{
    private const byte EndOfImage = 0xD9,
        StartOfScan = 0xDA;

    /// <summary>Complete when a scan was begun and the walk came to the end-of-image marker.</summary>
    public static PictureHeader Read(ReadOnlySpan<byte> bytes)
    {
        long width = 0,
            height = 0;
        var scanned = false;
        var at = 2;
        while (NextMarker(bytes, ref at) is { } marker)
        {
            if (marker == EndOfImage)
                return new("JPEG", width, height, scanned);
            if (at + 2 > bytes.Length)
                break;
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
            if (IsFrameStart(marker) && at + 7 <= bytes.Length)
            {
                height = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 3)..]);
                width = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..]);
            }

            scanned |= marker == StartOfScan;
            at += Math.Max(2, length);
        }

        return new("JPEG", width, height, false) { LacksEndOnly = scanned };
    }

    /// <summary>
    /// Moves past the next marker and returns it; stuffed zeros, restart markers and fill bytes belong to the picture's data.
    /// </summary>
    private static byte? NextMarker(ReadOnlySpan<byte> bytes, ref int at)
    {
        while (at < bytes.Length)
        {
            var found = bytes[at..].IndexOf((byte)0xFF);
            if (found < 0 || at + found + 1 >= bytes.Length)
                break;
            var marker = bytes[at + found + 1];
            var isFill = marker == 0xFF;
            at += found + (isFill ? 1 : 2);
            if (!isFill && marker is not 0 and not (>= 0xD0 and <= 0xD7))
                return marker;
        }

        return null;
    }

    /// <summary>SOF0 to SOF15 but for the three codes of that range with another meaning (DHT, JPG, DAC).</summary>
    private static bool IsFrameStart(byte marker) => marker is >= 0xC0 and <= 0xCF and not 0xC4 and not 0xC8 and not 0xCC;
}
