using System.Buffers.Binary;
using System.Text;

namespace EdgeSeg.Native;

/// <summary>
/// The symbol versions that a 64-bit little-endian ELF file needs, such as GLIBC_2.34: its SHT_GNU_verneed section
/// (Linux Standard Base, "Symbol Versioning"). Null when the file is no ELF file.
/// </summary>
internal static class ElfVersions
{
    private const uint VersionNeeds = 0x6ffffffe;

    public static SortedSet<string>? Needed(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < 64 || !bytes.AsSpan(0, 4).SequenceEqual("\u007fELF"u8))
            return null;
        if (bytes[4] != 2 || bytes[5] != 1)
            throw new InvalidDataException($"{path} is not a 64-bit little-endian ELF file");
        var needed = new SortedSet<string>(StringComparer.Ordinal);
        var table = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(40));
        int size = U16(bytes, 58),
            count = U16(bytes, 60);
        for (var i = 0; i < count; i++)
        {
            var section = table + i * size;
            if (U32(bytes, section + 4) != VersionNeeds)
                continue;
            var strings = table + (int)U32(bytes, section + 40) * size;
            ReadNeeds(bytes, Offset(bytes, section), (int)U32(bytes, section + 44), Offset(bytes, strings), needed);
        }

        return needed;
    }

    private static void ReadNeeds(byte[] bytes, int at, int libraries, int strings, SortedSet<string> needed)
    {
        for (var i = 0; i < libraries; i++)
        {
            var entry = at + (int)U32(bytes, at + 8);
            for (int k = 0, n = U16(bytes, at + 2); k < n; k++)
            {
                needed.Add(Text(bytes, strings + (int)U32(bytes, entry + 8)));
                entry += (int)U32(bytes, entry + 12);
            }

            at += (int)U32(bytes, at + 12);
        }
    }

    private static int Offset(byte[] bytes, int section) => (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(section + 24));

    private static ushort U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static string Text(byte[] bytes, int at) => Encoding.ASCII.GetString(bytes.AsSpan(at, bytes.AsSpan(at).IndexOf((byte)0)));
}
