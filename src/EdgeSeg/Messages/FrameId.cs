using EdgeSeg.Platform;

namespace EdgeSeg.Messages;

/// <summary>
/// Names one frame on the wire: <c>&lt;session&gt;-&lt;camera&gt;-&lt;sequence&gt;</c>. The session holds no hyphen, a camera may; the
/// sequence follows the last one.
/// </summary>
internal static class FrameId
{
    /// <summary>A new name for a run of the service: 12 hexadecimal digits, so that two runs of a fleet of thousands do not meet.</summary>
    public static string NewSession() => Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6));

    /// <summary>Writes the id and returns its length.</summary>
    /// <exception cref="ArgumentException"><paramref name="to"/> is too short.</exception>
    public static int Write(Span<char> to, string session, string camera, long sequence)
    {
        session.CopyTo(to);
        var at = session.Length;
        to[at++] = '-';
        camera.CopyTo(to[at..]);
        at += camera.Length;
        to[at++] = '-';
        if (!sequence.TryFormat(to[at..], out var digits))
            throw new ArgumentException("no room for a frame id", nameof(to));
        return at + digits;
    }

    public static string Text(string session, string camera, long sequence)
    {
        Span<char> id = stackalloc char[3 * Identifier.MaxLength];
        return new string(id[..Write(id, session, camera, sequence)]);
    }

    /// <summary>Takes an id apart; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ReadOnlySpan<char> session, out ReadOnlySpan<char> camera, out long sequence)
    {
        session = default;
        camera = default;
        sequence = 0;
        int first = text.IndexOf('-'),
            last = text.LastIndexOf('-');
        if (first <= 0 || last <= first + 1)
            return false;
        session = text[..first];
        camera = text[(first + 1)..last];
        return Identifier.IsValid(session)
            && Identifier.IsValid(camera)
            && long.TryParse(text[(last + 1)..], System.Globalization.NumberStyles.None, null, out sequence);
    }
}
