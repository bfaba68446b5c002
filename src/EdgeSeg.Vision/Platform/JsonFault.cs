using System.Text.Json;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// An error of the JSON reader in words for a user, a journal or a topic: what is wrong with which field. The serializer's own messages
/// name types of the program; here a message is taken over only where it is about the text's syntax. Short, and without control characters,
/// since it quotes parts of the input.
/// </summary>
internal static class JsonFault
{
    private const int MaxLength = 300;

    public static string Text(Exception e)
    {
        var text = e switch
        {
            JsonException json => Describe(json),
            // a value that is read in two steps, such as base64
            FormatException => "a value has the wrong form",
            _ => e.Message,
        };
        return string.Concat(
            text.Take(MaxLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c)
        );
    }

    private static string Describe(JsonException e)
    {
        // the reader's error, wrapped by the serializer, is about the syntax
        if (e.InnerException is JsonException)
            return $"it is not JSON from line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} on";
        // thrown by this program, in its own words
        if (e.Path is null)
            return e.Message;
        const string missing = "including: ";
        var at = e.Message.IndexOf(missing, StringComparison.Ordinal);
        var field = e.Path.StartsWith("$.", StringComparison.Ordinal) ? $"the field {e.Path[2..]}" : "it";
        return at >= 0 ? $"{field} lacks {e.Message[(at + missing.Length)..].TrimEnd('.')}"
            : e.Message.Contains("could not be mapped", StringComparison.Ordinal) ? $"{field} is unknown"
            : e.Message.StartsWith("Duplicate", StringComparison.Ordinal) ? $"{field} is given more than once"
            : e.Message.Contains("null", StringComparison.Ordinal) ? $"{field} may not be null"
            : $"{field} has the wrong type, or a value out of range";
    }
}
