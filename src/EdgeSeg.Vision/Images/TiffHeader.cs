using System.Buffers.Binary;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Size of a TIFF's first picture: tags 256 and 257 of the first directory, in either byte order. Only the directory must be complete;
/// the decoder checks the strips. A camera's raw file (DNG, NEF, ARW) is a TIFF whose first picture is a thumbnail (bit 0 of tag 254,
/// NewSubfileType) with the sensor's data in a further directory (tag 330, SubIFDs), or one with DNG's version (tag 50706).
/// </summary>
internal static class TiffHeader
{
    private const int EntryBytes = 12;

    private const int Subfile = 254,
        ImageWidth = 256,
        ImageLength = 257,
        SubDirectories = 330,
        DngVersion = 50706;

    public static PictureHeader Read(ReadOnlySpan<byte> bytes)
    {
        var little = bytes[0] == 'I';
        if (bytes.Length < 8 || Directory(bytes, Long(bytes[4..], little), little, out var next) is not { } first)
            return new("TIFF", 0, 0, false);
        var isThumbnail = (first.GetValueOrDefault(Subfile) & 1) != 0;
        return new("TIFF", first.GetValueOrDefault(ImageWidth), first.GetValueOrDefault(ImageLength), true)
        {
            IsCameraRaw = first.ContainsKey(DngVersion) || (isThumbnail && first.ContainsKey(SubDirectories)),
            // a smaller version of the first picture is no page
            HasMorePages = Directory(bytes, next, little, out _) is { } second && (second.GetValueOrDefault(Subfile) & 1) == 0,
        };
    }

    /// <summary>The first value of each of the known tags; null: there is no directory, or its end is missing.</summary>
    private static Dictionary<int, long>? Directory(ReadOnlySpan<byte> bytes, long at, bool little, out long next)
    {
        next = 0;
        if (at == 0 || at + 2 > bytes.Length)
            return null;
        int entries = Short(bytes[(int)at..], little);
        at += 2;
        if (at + (long)entries * EntryBytes > bytes.Length)
            return null;
        var values = new Dictionary<int, long>();
        for (var i = 0; i < entries; i++, at += EntryBytes)
        {
            var entry = bytes.Slice((int)at, EntryBytes);
            int tag = Short(entry, little);
            if (tag is Subfile or ImageWidth or ImageLength or SubDirectories or DngVersion)
                values[tag] = Short(entry[2..], little) == 3 ? Short(entry[8..], little) : Long(entry[8..], little);
        }

        if (at + 4 <= bytes.Length)
            next = Long(bytes[(int)at..], little);
        return values;
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint Long(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
