using System.Text.Json;
using System.Text.Unicode;

namespace EdgeSeg.Messages;

/// <summary>Either a command or a refusal; the address of the reply is given also with a refusal, as far as it could be read.</summary>
/// <param name="Command">To be obeyed; null when refused.</param>
/// <param name="Error">Null when there is a command.</param>
/// <param name="Camera">From the topic; empty: none of ours.</param>
/// <param name="Word">The command's name from the topic; empty: none that we know.</param>
/// <param name="Id">From the body.</param>
/// <param name="ReplyTo">From the body, as a whole topic that has not been checked.</param>
internal sealed record ParsedCommand(CameraCommand? Command, CommandError? Error, string Camera, string Word, string? Id, string? ReplyTo);

/// <summary>Reads commands as the document in docs/asyncapi.yaml describes them, and nothing else. Never throws, whatever the bytes.</summary>
internal static class CommandParser
{
    private static readonly JsonReaderOptions options = new()
    {
        MaxDepth = 4,
        CommentHandling = JsonCommentHandling.Disallow,
        AllowTrailingCommas = false,
    };

    public static ParsedCommand Parse(Topics topics, string topic, ReadOnlySpan<byte> payload)
    {
        if (!TryTopic(topics, topic, out var camera, out var word, out var kind, out var fault))
            return new ParsedCommand(null, CommandError.Bad(fault), camera, word, null, null);
        var body = new CommandBody(kind);
        CommandError? refusal = null;
        CameraCommand? command = null;
        if (payload.Length > MessageLimits.MaxCommandBytes)
            refusal = new CommandError(CommandErrorCode.TooLarge, $"a command has at most {MessageLimits.MaxCommandBytes} bytes");
        else if (payload.IsEmpty)
            refusal = CommandError.Bad("the payload is empty: send at least {}");
        else if (!Utf8.IsValid(payload))
            refusal = CommandError.Bad("the payload is not UTF-8");
        else
            refusal = ReadBody(payload, body);
        refusal ??= body.TryFinish(camera, out command);
        var replyTo = body.ReplyTo is null ? null : ResponseTopic.Expand(topics, body.ReplyTo);
        return new ParsedCommand(refusal is null ? command : null, refusal, camera, word, body.Id, replyTo);
    }

    private static bool TryTopic(Topics topics, string topic, out string camera, out string word, out CommandKind kind, out string fault)
    {
        (camera, word, kind, fault) = ("", "", default, "");
        var levels = topic.StartsWith(topics.Root, StringComparison.Ordinal) ? topic[topics.Root.Length..].Split('/', 5) : [];
        if (levels.Length != 4 || levels[0] != "cam" || levels[2] != "cmd")
            fault = $"commands go to {topics.Root}cam/<camera>/cmd/<command>";
        else if (!topics.TryCamera(levels[1], out var found))
            fault = $"there is no camera '{CommandError.Shown(levels[1])}'";
        else if (!CameraCommand.TryKind(levels[3], out kind))
            (camera, fault) = (
                found.Id,
                $"there is no command '{CommandError.Shown(levels[3])}': {string.Join(", ", CameraCommand.Understood)}"
            );
        else
            (camera, word) = (found.Id, levels[3]);
        return fault.Length == 0;
    }

    /// <summary>Reads to the end also past a fault, so that a refusal still finds its way to whoever asked.</summary>
    private static CommandError? ReadBody(ReadOnlySpan<byte> payload, CommandBody body)
    {
        try
        {
            var reader = new Utf8JsonReader(payload, options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return CommandError.Bad("the payload is not a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                var value = reader;
                reader.Skip();
                body.Read(name, ref value);
            }

            // anything that follows the object throws
            reader.Read();
            return null;
        }
        catch (JsonException e)
        {
            return CommandError.Bad(
                $"the payload is not JSON (byte {e.BytePositionInLine} of line {e.LineNumber + 1}), or is nested too deep"
            );
        }
        catch (InvalidOperationException)
        {
            // the reader's way to say that an escape such as \ud800 stands for no character
            return CommandError.Bad("a text in the payload holds half a surrogate pair");
        }
    }
}
