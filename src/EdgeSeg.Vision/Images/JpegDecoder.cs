using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Decodes encoded pictures and reports a damaged JPEG, which OpenCV does not: it fills the missing part with grey.
/// </summary>
internal static class JpegDecoder
{
    /// <summary>Extra bytes that count as padding; a decoder that lost its place leaves hundreds.</summary>
    private const int MaxPaddingBytes = 32;

    /// <summary>Decodes to 8-bit BGR, upright by EXIF.</summary>
    /// <param name="bytes">A whole file.</param>
    /// <param name="damage">What libjpeg found wrong, in its words; empty: nothing, or not a JPEG.</param>
    /// <param name="keepDepth">Pictures of 16 bits a sample stay so.</param>
    /// <returns>Owned by the caller; empty when it cannot be decoded at all.</returns>
    public static Mat Decode(ReadOnlySpan<byte> bytes, out string damage, bool keepDepth = false)
    {
        using var messages = NativeStderr.Begin();
        var pixels = Cv2.ImDecode(bytes, keepDepth ? ImreadModes.Color | ImreadModes.AnyDepth : ImreadModes.Color);
        damage = DamageIn(messages.End());
        return pixels;
    }

    /// <summary>
    /// The first line that reports lost picture data. A few extra bytes before a marker are no damage: many webcams write them, and no
    /// pixel is lost.
    /// </summary>
    public static string DamageIn(string messages)
    {
        foreach (var line in messages.AsSpan().EnumerateLines())
        {
            var isDamage =
                line.StartsWith("Corrupt JPEG data", StringComparison.Ordinal)
                || line.StartsWith("Premature end of JPEG", StringComparison.Ordinal);
            if (isDamage && !IsPadding(line))
                return line.ToString();
        }

        return "";
    }

    /// <summary>"Corrupt JPEG data: 2 extraneous bytes before marker 0xd9".</summary>
    private static bool IsPadding(ReadOnlySpan<char> line)
    {
        var end = line.IndexOf(" extraneous bytes", StringComparison.Ordinal);
        if (end < 0)
            return false;
        var begin = line[..end].LastIndexOf(' ') + 1;
        return int.TryParse(line[begin..end], out var count) && count <= MaxPaddingBytes;
    }
}
