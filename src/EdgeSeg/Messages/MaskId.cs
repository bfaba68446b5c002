using System.Globalization;
using EdgeSeg.Platform;

namespace EdgeSeg.Messages;

/// <summary>Names a mask on the wire: the id of its frame, a dot, and a number that counts the masks of the session.</summary>
internal static class MaskId
{
    public const int MaxLength = 3 * Identifier.MaxLength + 21;

    /// <summary>Writes the id; returns its length.</summary>
    public static int Write(Span<char> to, string session, string camera, long sequence, long number)
    {
        var length = FrameId.Write(to, session, camera, sequence);
        to[length++] = '.';
        number.TryFormat(to[length..], out var digits, default, CultureInfo.InvariantCulture);
        return length + digits;
    }

    /// <summary>The frame's id and the number. False for anything that <see cref="Write"/> does not write.</summary>
    public static bool TrySplit(ReadOnlySpan<char> id, out ReadOnlySpan<char> frame, out long number)
    {
        var dot = id.LastIndexOf('.');
        frame = dot > 0 ? id[..dot] : default;
        number = 0;
        return dot > 0
            && long.TryParse(id[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && FrameId.TryParse(frame, out _, out _, out _);
    }
}
