using System.Buffers.Binary;
using System.Numerics;

namespace EdgeSeg.Cli;

/// <summary>
/// How long a video file should be by the sizes that its container states: MP4 and QuickTime (ISO/IEC 14496-12), Matroska and WebM (RFC
/// 9559), AVI (RIFF). Decoders take the end of a file that was truncated for the end of the video.
/// </summary>
internal static class VideoContainer
{
    /// <summary>Boxes or chunks that are looked at: a fragmented MP4 has two a second.</summary>
    private const int MaxBoxes = 100_000;

    /// <summary>Writers disagree by a header or a padding byte.</summary>
    private const int Tolerance = 16;

    private const int HeadBytes = 32,
        BoxHeadBytes = 16,
        IdBytes = 4;

    /// <summary>The bytes that the container states and the file lacks; 0: none, or the container states no size.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static long MissingBytes(Stream file)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        var read = file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false);
        var end =
            read < HeadBytes ? 0
            : head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]) ? MatroskaEnd(file)
            : head.StartsWith("RIFF"u8) ? RiffEnd(file)
            : BoxesEnd(file);
        var missing = end - file.Length;
        return missing > Tolerance ? missing : 0;
    }

    /// <summary>Only boxes that hold media or its index count: what other programs append need not be boxes.</summary>
    private static long BoxesEnd(Stream file)
    {
        Span<byte> head = stackalloc byte[BoxHeadBytes];
        long at = 0;
        for (var i = 0; i < MaxBoxes && ReadAt(file, at, head); i++)
        {
            long size = BinaryPrimitives.ReadUInt32BigEndian(head);
            if (size == 1)
                size = BinaryPrimitives.ReadInt64BigEndian(head[8..]);
            // 0: to the end of the file
            if (size < 8 || size > long.MaxValue - at)
                return 0;
            at += size;
            var kind = head[4..8];
            if (at > file.Length && (kind.SequenceEqual("mdat"u8) || kind.SequenceEqual("moov"u8) || kind.SequenceEqual("moof"u8)))
                return at;
        }
        return 0;
    }

    /// <summary>The first RIFF chunk and those that follow it in files of more than 1 GB (OpenDML).</summary>
    private static long RiffEnd(Stream file)
    {
        Span<byte> head = stackalloc byte[BoxHeadBytes];
        long at = 0;
        for (var i = 0; i < MaxBoxes && ReadAt(file, at, head) && head.StartsWith("RIFF"u8); i++)
        {
            long size = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
            // a recorder that was stopped by force leaves 0 or all ones
            if (size is 0 or uint.MaxValue)
                return 0;
            at += 8 + size + (size & 1);
        }
        return at;
    }

    /// <summary>The EBML header, then the segment, which holds all else.</summary>
    private static long MatroskaEnd(Stream file)
    {
        Span<byte> head = stackalloc byte[BoxHeadBytes];
        if (!ReadAt(file, IdBytes, head))
            return 0;
        var header = Size(head, out var bytes);
        var segment = IdBytes + bytes + header;
        if (header < 0 || header > file.Length || !ReadAt(file, segment, head))
            return 0;
        if (!head.StartsWith((ReadOnlySpan<byte>)[0x18, 0x53, 0x80, 0x67]))
            return 0;
        // a live recording states no size
        var size = Size(head[IdBytes..], out bytes);
        return size < 0 ? 0 : segment + IdBytes + bytes + size;
    }

    /// <summary>A variable-size integer; -1: not known, or none.</summary>
    private static long Size(ReadOnlySpan<byte> head, out int bytes)
    {
        bytes = head[0] == 0 ? 9 : BitOperations.LeadingZeroCount((uint)head[0]) - 24 + 1;
        if (bytes > 8)
            return -1;
        long value = head[0] & (0xFF >> bytes);
        var isUnknown = value == 0xFF >> bytes;
        for (var i = 1; i < bytes; i++)
        {
            isUnknown &= head[i] == 0xFF;
            value = value << 8 | head[i];
        }
        return isUnknown ? -1 : value;
    }

    private static bool ReadAt(Stream file, long at, Span<byte> bytes)
    {
        if (at > file.Length - bytes.Length)
            return false;
        file.Position = at;
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
    }
}
