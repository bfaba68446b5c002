using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Tracking;

namespace EdgeSeg.Messages;

/// <summary>
/// The words of enums in messages; docs/asyncapi.yaml lists them. A word belongs to a value, not to its place in the enum.
/// </summary>
internal static class WireWords
{
    public static string ToWire(this CommandKind kind) =>
        kind switch
        {
            CommandKind.Click => "click",
            CommandKind.Box => "box",
            CommandKind.Auto => "auto",
            CommandKind.Everything => "everything",
            CommandKind.Follow => "follow",
            CommandKind.Unfollow => "unfollow",
            CommandKind.Snapshot => "snapshot",
            CommandKind.Preview => "preview",
            CommandKind.Set => "set",
            CommandKind.Samples => "samples",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    /// <summary>Null: not a command.</summary>
    public static CommandKind? CommandFromWire(string word) =>
        word switch
        {
            "click" => CommandKind.Click,
            "box" => CommandKind.Box,
            "auto" => CommandKind.Auto,
            "everything" => CommandKind.Everything,
            "follow" => CommandKind.Follow,
            "unfollow" => CommandKind.Unfollow,
            "snapshot" => CommandKind.Snapshot,
            "preview" => CommandKind.Preview,
            "set" => CommandKind.Set,
            "samples" => CommandKind.Samples,
            _ => null,
        };

    public static string ToWire(this TrackState state) =>
        state switch
        {
            TrackState.Tracking => "tracking",
            TrackState.Uncertain => "uncertain",
            TrackState.Lost => "lost",
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };

    public static string ToWire(this CommandErrorCode code) =>
        code switch
        {
            CommandErrorCode.BadRequest => "bad_request",
            CommandErrorCode.FrameGone => "frame_gone",
            CommandErrorCode.UnsupportedPrompt => "unsupported_prompt",
            CommandErrorCode.Busy => "busy",
            CommandErrorCode.Expired => "expired",
            CommandErrorCode.Retained => "retained",
            CommandErrorCode.TooLarge => "too_large",
            CommandErrorCode.Internal => "internal",
            _ => throw new ArgumentOutOfRangeException(nameof(code)),
        };

    public static string ToWire(this ServiceState state) =>
        state switch
        {
            ServiceState.Online => "online",
            ServiceState.Degraded => "degraded",
            ServiceState.Stopping => "stopping",
            ServiceState.Offline => "offline",
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };

    /// <summary>Null: not a state.</summary>
    public static ServiceState? ServiceStateFromWire(string? word) =>
        word switch
        {
            "online" => ServiceState.Online,
            "degraded" => ServiceState.Degraded,
            "stopping" => ServiceState.Stopping,
            "offline" => ServiceState.Offline,
            _ => null,
        };

    public static string ToWire(this PromptSource source) =>
        source switch
        {
            PromptSource.Click => "click",
            PromptSource.Box => "box",
            PromptSource.Auto => "auto",
            PromptSource.Everything => "everything",
            _ => throw new ArgumentOutOfRangeException(nameof(source)),
        };
}
