using EdgeSeg.Configuration;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>What is asked; the last level of the command's topic, in lower case.</summary>
internal enum CommandKind
{
    Click,
    Box,
    Auto,

    /// <summary>Every object of a frame: a mask message each.</summary>
    Everything,
    Snapshot,
    Preview,
    Set,

    /// <summary>An object from now on in each frame: a mask message each.</summary>
    Follow,
    Unfollow,

    /// <summary>Frames kept for labelling: how many, and one picture of them.</summary>
    Samples,
}

/// <summary>
/// A valid command: every value is finite and within its range. It cannot name a file, an address or a program.
/// </summary>
internal sealed class CameraCommand
{
    public required CommandKind Kind { get; init; }

    /// <summary>A camera of this device.</summary>
    public required string Camera { get; init; }

    /// <summary>The request's id as the client gave it; null: none.</summary>
    public string? Id { get; init; }

    /// <summary>The frame that it is meant for; null: the next one.</summary>
    public string? Frame { get; init; }

    /// <summary>For click, box and follow; null for the salient object.</summary>
    public PromptRequest? Prompt { get; init; }

    public AutomaticMaskRequest? AutomaticMasks { get; init; }

    public SnapshotRequest? Snapshot { get; init; }

    public PreviewRequest? Preview { get; init; }

    public LiveChange? Change { get; init; }

    public SamplesRequest? Samples { get; init; }

    /// <summary>The followed object that is meant by unfollow; null: all of the camera.</summary>
    public string? Track { get; init; }

    /// <summary>From the body; checked only while the clock is synchronised.</summary>
    public DateTimeOffset? ExpiresUtc { get; init; }

    public string Word => Kind.ToWire();

    /// <summary>The word of every command, for <c>info</c>.</summary>
    public static IReadOnlyList<string> Understood { get; } = [.. Enum.GetValues<CommandKind>().Select(WireWords.ToWire)];
}

/// <summary>
/// Points and box as sent: pixels of the published picture or, when <paramref name="Normalized"/>, shares of its width and height.
/// </summary>
/// <param name="Source">Clicks or a box.</param>
/// <param name="Clicks">As sent.</param>
/// <param name="Box">As sent; null: none.</param>
/// <param name="Normalized">See above.</param>
/// <param name="Mask">
/// The id of the mask whose prompt this one is added to: the mask that the clicks correct, or (without clicks) whose object is followed;
/// null: none.
/// </param>
internal sealed record PromptRequest(PromptSource Source, IReadOnlyList<Click> Clicks, Box? Box, bool Normalized, string? Mask = null)
{
    /// <summary>Writes the prompt in pixels of a picture of the given size; what does not fit it or the model is refused.</summary>
    /// <param name="to">Gets the prompt.</param>
    /// <param name="width">Of the picture, in pixels.</param>
    /// <param name="height">Of the picture, in pixels.</param>
    /// <param name="maxPoints">That the model takes; a box counts as two.</param>
    /// <param name="acceptsNegative">Whether the model understands points off the object.</param>
    /// <param name="earlier">The prompt of the mask that is named, to which this one is added; null: none.</param>
    public CommandError? Resolve(PromptBuffer to, int width, int height, int maxPoints, bool acceptsNegative, PromptBuffer? earlier = null)
    {
        var clicks = Clicks.Count + (earlier?.ClickCount ?? 0);
        if (PromptRules.CheckCount(clicks, Box is not null || earlier?.Box is not null, maxPoints) is { } wrongCount)
            return new CommandError(CommandErrorCode.UnsupportedPrompt, wrongCount);
        var (sx, sy) = Normalized ? (width, height) : (1f, 1f);
        to.Clear();
        if (earlier is not null)
            to.CopyFrom(earlier);
        if (Clicks.Count > 0 || Box is not null)
            to.Source = Source;
        foreach (var c in Clicks)
            to.Add(c with { X = c.X * sx, Y = c.Y * sy });
        if (Box is { } b)
            to.Box = new Box(b.X0 * sx, b.Y0 * sy, b.X1 * sx, b.Y1 * sy);
        if (PromptRules.RefuseNegative(to, acceptsNegative) is { } refusal)
            return new CommandError(CommandErrorCode.UnsupportedPrompt, refusal);
        return PromptRules.Check(to, width, height, maxPoints) is { } why ? CommandError.Bad(why) : null;
    }
}

/// <summary>Points on each side of the grid that is asked about.</summary>
internal sealed record AutomaticMaskRequest(int Grid);

/// <summary>
/// One picture at full size on the preview topic. <paramref name="Quality"/>: of the JPEG, 20 to 95; lowered where it would not fit a
/// message.
/// </summary>
internal sealed record SnapshotRequest(int Quality);

/// <summary>
/// The preview turned on for <paramref name="ForS"/> seconds, or off. A width above the picture's own means the picture's own.
/// </summary>
internal sealed record PreviewRequest(bool On, double MaxFps, int Width, int Quality, int ForS);

/// <summary>
/// How many frames are kept for labelling and, with <paramref name="Upload"/>, the picture of the first one of the camera whose number is
/// above <paramref name="After"/>.
/// </summary>
internal sealed record SamplesRequest(bool Upload, long After);

/// <summary>A change of a camera's <see cref="LiveSettings"/>; null: the value stays as it is.</summary>
internal sealed record LiveChange(CameraMode? Mode, double? MaxFps, double? IntervalS, double? MinScore, double? MinArea)
{
    public LiveSettings Apply(LiveSettings to) =>
        new(Mode ?? to.Mode, MaxFps ?? to.MaxFps, IntervalS ?? to.IntervalS, MinScore ?? to.MinScore, MinArea ?? to.MinArea);
}
