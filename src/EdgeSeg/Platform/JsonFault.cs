namespace EdgeSeg.Platform;

/// <summary>
/// An error of the JSON reader as text for the journal: short, and without control characters, since it quotes parts of the input.
/// </summary>
internal static class JsonFault
{
    private const int MaxLength = 300;

    public static string Text(Exception e) =>
        string.Concat(
            e.Message.Take(MaxLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c)
        );
}
