using System.Buffers.Binary;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Size of a TIFF's first picture: tags 256 and 257 of the first directory, in either byte order. Only the directory must be complete;
/// strips are the decoder's to judge.
/// </summary>
internal static class TiffHeader
{
    private const int EntryBytes = 12;

    public static PictureHeader Read(ReadOnlySpan<byte> bytes)
    {
        var little = bytes[0] == 'I';
        if (bytes.Length < 8)
            return new("TIFF", 0, 0, false);
        long at = Long(bytes[4..], little);
        if (at + 2 > bytes.Length)
            return new("TIFF", 0, 0, false);
        int entries = Short(bytes[(int)at..], little);
        at += 2;
        long width = 0,
            height = 0;
        if (at + (long)entries * EntryBytes > bytes.Length)
            return new("TIFF", 0, 0, false);
        for (var i = 0; i < entries; i++, at += EntryBytes)
        {
            var entry = bytes.Slice((int)at, EntryBytes);
            var tag = Short(entry, little);
            if (tag is not (256 or 257))
                continue;
            long value = Short(entry[2..], little) == 3 ? Short(entry[8..], little) : Long(entry[8..], little);
            if (tag == 256)
                width = value;
            else
                height = value;
        }

        return new("TIFF", width, height, true);
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint Long(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
