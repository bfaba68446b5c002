using System.Text.Json;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>
/// The fields of one command's body while they are read. The first fault stays; what comes after it is read only for the address of the
/// reply.
/// </summary>
internal sealed class CommandBody(CommandKind kind)
{
    private static readonly string[] common = ["v", "id", "reply_to", "expires_at"];

    private static readonly Dictionary<CommandKind, string[]> own = new()
    {
        [CommandKind.Click] = ["frame", "points", "normalized", "refines"],
        [CommandKind.Box] = ["frame", "box", "clicks", "normalized"],
        [CommandKind.Auto] = ["frame"],
        [CommandKind.Everything] = ["frame", "grid"],
        [CommandKind.Snapshot] = ["format", "quality"],
        [CommandKind.Preview] = ["on", "max_fps", "width", "quality", "for_s"],
        [CommandKind.Set] = ["mode", "max_fps", "interval_s", "min_score", "min_area"],
        [CommandKind.Follow] = ["frame", "points", "box", "normalized", "mask"],
        [CommandKind.Unfollow] = ["track"],
        [CommandKind.Samples] = ["upload", "after"],
    };

    private readonly HashSet<string> seen = [];
    private readonly List<Click> clicks = new(PromptBuffer.MaxPoints);
    private CommandError? fault;
    private string? frame,
        track,
        refines,
        mask;
    private DateTimeOffset? expires;
    private Box? box;
    private bool normalized,
        upload;
    private bool? on;
    private double? maxFps,
        intervalS,
        minScore,
        minArea;
    private int? width,
        quality,
        forS,
        grid,
        after;
    private CameraMode? mode;

    public string? Id { get; private set; }

    public string? ReplyTo { get; private set; }

    /// <summary>Takes one field. <paramref name="value"/> is a reader of its own, at the value.</summary>
    public void Read(string name, ref Utf8JsonReader value)
    {
        var allowed = own[kind];
        if (Array.IndexOf(common, name) < 0 && Array.IndexOf(allowed, name) < 0)
        {
            fault ??= CommandError.Bad(
                $"'{CommandError.Shown(name)}' is not a field of this command: {string.Join(", ", common.Concat(allowed))}"
            );
            return;
        }

        if (!seen.Add(name))
        {
            fault ??= CommandError.Bad($"duplicate field '{name}'");
            return;
        }

        if (Take(name, ref value) is { } wrong)
            fault ??= wrong;
    }

    private CommandError? Take(string name, ref Utf8JsonReader value)
    {
        switch (name)
        {
            case "v":
                return CommandValues.Integer(ref value, name, 1, 1, out _);
            case "id":
                return TakeId(ref value);
            case "reply_to":
                return TakeReplyTo(ref value);
            case "expires_at":
                return CommandValues.Utc(ref value, name, out expires);
            case "frame":
                return TakeFrame(ref value);
            case "points" or "clicks":
                return CommandValues.Points(ref value, name, clicks);
            case "box":
                return CommandValues.Corners(ref value, name, out box);
            case "refines":
                return TakeMaskId(ref value, name, out refines);
            case "mask":
                return TakeMaskId(ref value, name, out mask);
            case "normalized":
                return CommandValues.Flag(ref value, name, out normalized);
            case "track":
                return TakeTrack(ref value);
            case "on":
                return TakeOn(ref value);
            case "upload":
                return CommandValues.Flag(ref value, name, out upload);
            case "after":
                return CommandValues.Integer(ref value, name, 0, int.MaxValue, out after);
            case "format":
                return CommandValues.Text(ref value, name, out var format)
                    ?? (format == "jpeg" ? null : CommandError.Bad("'format' is jpeg"));
            case "quality":
                return CommandValues.Integer(ref value, name, MessageLimits.MinJpegQuality, 95, out quality);
            case "width":
                return CommandValues.Integer(ref value, name, MessageLimits.MinPreviewWidth, MessageLimits.MaxPreviewWidth, out width);
            case "grid":
                return CommandValues.Integer(ref value, name, 1, AutomaticMaskOptions.MaxPointsPerSide, out grid);
            case "for_s":
                return CommandValues.Integer(ref value, name, 1, MessageLimits.MaxPreviewS, out forS);
            case "max_fps" when kind == CommandKind.Preview:
                return CommandValues.Number(ref value, name, 0.1, MessageLimits.MaxPreviewFps, out maxFps);
            // the ranges of the configuration's keys of the same names
            case "max_fps":
                return CommandValues.Number(ref value, name, 0, 1000, out maxFps) ?? TooSlow();
            case "interval_s":
                return CommandValues.Number(ref value, name, 0.05, 86400, out intervalS);
            case "min_score":
                return CommandValues.Number(ref value, name, 0, 1, out minScore);
            case "min_area":
                return CommandValues.Number(ref value, name, 0, 1, out minArea);
            default:
                return TakeMode(ref value);
        }
    }

    private CommandError? TakeId(ref Utf8JsonReader value)
    {
        if (CommandValues.Text(ref value, "id", out var text) is { } wrong)
            return wrong;
        if (
            text.Length is 0 or > MessageLimits.MaxRequestIdLength
            || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '-')
        )
            return CommandError.Bad($"'id' has 1 to {MessageLimits.MaxRequestIdLength} letters, digits and . _ : -");
        Id = text;
        return null;
    }

    /// <summary>0 means unlimited; less than the smallest rate would be shown as 0.</summary>
    private CommandError? TooSlow() =>
        maxFps is > 0 and < ConfigurationLimits.MinMaxFps
            ? CommandError.Bad($"'max_fps' is 0 (unlimited), or a number from {ConfigurationLimits.MinMaxFps} to 1000")
            : null;

    private CommandError? TakeReplyTo(ref Utf8JsonReader value)
    {
        if (CommandValues.Text(ref value, "reply_to", out var text) is { } wrong)
            return wrong;
        ReplyTo = text;
        return null;
    }

    private CommandError? TakeFrame(ref Utf8JsonReader value)
    {
        if (CommandValues.Text(ref value, "frame", out var text) is { } wrong)
            return wrong;
        if (!FrameId.TryParse(text, out _, out _, out _))
            return CommandError.Bad("'frame' is not a frame's id: <session>-<camera>-<sequence>, as masks and previews give it");
        frame = text;
        return null;
    }

    private CommandError? TakeTrack(ref Utf8JsonReader value)
    {
        if (CommandValues.Text(ref value, "track", out var text) is { } wrong)
            return wrong;
        if (!Identifier.IsValid(text))
            return CommandError.Bad("'track' is not a followed object's id, as its masks give it in track.id");
        track = text;
        return null;
    }

    private static CommandError? TakeMaskId(ref Utf8JsonReader value, string name, out string? id)
    {
        id = null;
        if (CommandValues.Text(ref value, name, out var text) is { } wrong)
            return wrong;
        id = text;
        return text.Length <= MaskId.MaxLength && MaskId.TrySplit(text, out _, out _)
            ? null
            : CommandError.Bad($"'{name}' is the id of a mask, as in its message");
    }

    private CommandError? TakeOn(ref Utf8JsonReader value)
    {
        var wrong = CommandValues.Flag(ref value, "on", out var flag);
        on = flag;
        return wrong;
    }

    private CommandError? TakeMode(ref Utf8JsonReader value)
    {
        if (CommandValues.Text(ref value, "mode", out var text) is { } wrong)
            return wrong;
        mode = CameraModes.FromWire(text);
        return mode is null ? CommandError.Bad($"'mode' is one of {string.Join(", ", CameraModes.Words.Select(w => w.Word))}") : null;
    }

    /// <summary>The whole, once everything was read: a command, or why there is none.</summary>
    public CommandError? TryFinish(string camera, out CameraCommand? command)
    {
        command = null;
        if ((fault ?? Missing(camera)) is { } wrong)
            return wrong;
        command = new CameraCommand
        {
            Kind = kind,
            Camera = camera,
            Id = Id,
            Frame = frame ?? FrameOfMask,
            ExpiresUtc = expires,
            Track = track,
            Prompt =
                kind is CommandKind.Click or CommandKind.Box
                || (kind == CommandKind.Follow && (clicks.Count > 0 || box is not null || mask is not null))
                    ? new PromptRequest(box is null ? PromptSource.Click : PromptSource.Box, clicks, box, normalized, refines ?? mask)
                    : null,
            AutomaticMasks = kind == CommandKind.Everything ? new AutomaticMaskRequest(grid ?? MessageLimits.AutomaticMasksGrid) : null,
            Snapshot = kind == CommandKind.Snapshot ? new SnapshotRequest(quality ?? 85) : null,
            Preview =
                kind == CommandKind.Preview
                    ? new PreviewRequest(on == true, maxFps ?? 2, width ?? 640, quality ?? 70, forS ?? MessageLimits.PreviewS)
                    : null,
            Samples = kind == CommandKind.Samples ? new SamplesRequest(upload, after ?? 0) : null,
            Change = kind == CommandKind.Set ? new LiveChange(mode, maxFps, intervalS, minScore, minArea) : null,
        };
        return null;
    }

    private static CommandError MissingPoints => CommandError.Bad($"'points' is missing: 1 to {PromptBuffer.MaxPoints} of [x,y]");

    /// <summary>A mask is corrected, or its object followed, from its own frame on.</summary>
    private string? FrameOfMask => MaskId.TrySplit(refines ?? mask, out var of, out _) ? of.ToString() : null;

    private CommandError? Missing(string camera)
    {
        var maskField = refines is null ? "mask" : "refines";
        if (mask is not null && (seen.Contains("points") || box is not null))
            return CommandError.Bad("'mask' already names the object: leave out 'points' and 'box'");
        if (FrameOfMask is { } framed && frame is not null && frame != framed)
            return CommandError.Bad($"'{maskField}' names a mask of another frame");
        if (FrameOfMask is { } masked && FrameId.TryParse(masked, out _, out var ofMasked, out _) && !ofMasked.SequenceEqual(camera))
            return CommandError.Bad($"'{maskField}' names a mask of another camera");
        if (frame is not null && FrameId.TryParse(frame, out _, out var of, out _) && !of.SequenceEqual(camera))
            return CommandError.Bad("'frame' names a frame of another camera");
        return kind switch
        {
            CommandKind.Click when clicks.Count == 0 => MissingPoints,
            CommandKind.Follow when seen.Contains("points") && clicks.Count == 0 => MissingPoints,
            CommandKind.Box when box is null => CommandError.Bad("'box' is missing: [left,top,right,bottom]"),
            CommandKind.Box or CommandKind.Follow when box is not null && clicks.Count > PromptBuffer.MaxPoints - 2 => new CommandError(
                CommandErrorCode.UnsupportedPrompt,
                $"{clicks.Count} clicks and a box are more than {PromptBuffer.MaxPoints} points: a box counts as two"
            ),
            CommandKind.Click or CommandKind.Box or CommandKind.Follow => CommandValues.OutOfRange(clicks, box, normalized),
            CommandKind.Preview when on is null => CommandError.Bad("'on' is missing: true or false"),
            CommandKind.Set when mode is null && maxFps is null && intervalS is null && minScore is null && minArea is null =>
                CommandError.Bad("nothing to set: " + string.Join(", ", own[kind])),
            _ => null,
        };
    }
}
