using System.Text.Json;
using System.Text.Unicode;

namespace EdgeSeg.Messages;

/// <summary>A command or an error; the address of the reply is set with an error too, as far as it could be read.</summary>
/// <param name="Command">Null when refused.</param>
/// <param name="Error">Null when there is a command.</param>
/// <param name="Camera">From the topic; empty: unknown.</param>
/// <param name="Word">The command's name from the topic; empty: unknown.</param>
/// <param name="Id">From the body.</param>
/// <param name="ReplyTo">From the body, as a whole topic that has not been checked.</param>
internal sealed record ParsedCommand(CameraCommand? Command, CommandError? Error, string Camera, string Word, string? Id, string? ReplyTo);

/// <summary>Parses commands as described in docs/asyncapi.yaml. Never throws, whatever the bytes.</summary>
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
        var error = CheckTopic(topics, topic, out var camera, out var kind);
        // also for a refused topic: the reply's address and the request's id may be in the body
        var body = new CommandBody(kind ?? CommandKind.Auto);
        CommandCheck(payload, body, ref error);
        CameraCommand? command = null;
        if (error is null)
            error = body.TryFinish(camera, out command);
        var replyTo = body.ReplyTo is null ? null : ResponseTopic.Expand(topics, body.ReplyTo);
        var word = camera.Length > 0 ? kind?.ToWire() ?? "" : "";
        return new ParsedCommand(error is null ? command : null, error, camera, word, body.Id, replyTo);
    }

    private static void CommandCheck(ReadOnlySpan<byte> payload, CommandBody body, ref CommandError? error)
    {
        if (payload.Length > MessageLimits.MaxCommandBytes)
            error ??= new CommandError(CommandErrorCode.TooLarge, $"a command has at most {MessageLimits.MaxCommandBytes} bytes");
        else if (payload.IsEmpty)
            error ??= CommandError.Bad("the payload is empty: send at least {}");
        else if (!Utf8.IsValid(payload))
            error ??= CommandError.Bad("the payload is not UTF-8");
        else if (ReadBody(payload, body) is { } invalid)
            error ??= invalid;
    }

    /// <summary>The camera is empty and the command null where they are unknown.</summary>
    private static CommandError? CheckTopic(Topics topics, string topic, out string camera, out CommandKind? kind)
    {
        (camera, kind) = ("", null);
        var levels = topic.StartsWith(topics.Root, StringComparison.Ordinal) ? topic[topics.Root.Length..].Split('/', 5) : [];
        if (levels is not ["cam", var id, "cmd", var word])
            return CommandError.Bad($"commands go to {topics.Root}cam/<camera>/cmd/<command>");
        kind = WireWords.CommandFromWire(word);
        if (!topics.TryCamera(id, out var found))
        {
            var known = string.Join(", ", topics.Cameras.Select(c => c.Id));
            return CommandError.Bad($"unknown camera '{CommandError.Shown(id)}'; this device has: {known}");
        }

        camera = found.Id;
        return kind is null
            ? CommandError.Bad($"unknown command '{CommandError.Shown(word)}'; known: {string.Join(", ", CameraCommand.Understood)}")
            : null;
    }

    /// <summary>Reads to the end also after an error, so that a refusal can still be answered.</summary>
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
            // the reader's error for an escape such as \ud800
            return CommandError.Bad("a string in the payload holds an unpaired surrogate");
        }
    }
}
