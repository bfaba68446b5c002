namespace EdgeSeg.Platform;

/// <summary>What the JSON reader says against a message, fit for a journal: it quotes names out of messages that nobody has vouched for.</summary>
internal static class JsonFault
{
    public static string Text(Exception e) =>
        string.Concat(
            e.Message.Take(PlatformLimits.MaxJsonFault)
                .Select(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c)
        );
}
