using EdgeSeg.Messages;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The prompts of the last masks that left the device, so that a later click can correct one of them, or its object be followed. Memory is
/// kept; one thread.
/// </summary>
/// <param name="session">Names this run: masks of an earlier one are gone.</param>
internal sealed class MaskMemory(string session)
{
    private readonly Entry?[] entries = new Entry?[PipelineLimits.MasksRemembered];

    private sealed class Entry
    {
        public long Number { get; set; }

        public string Camera { get; set; } = "";

        public long Sequence { get; set; }

        public PromptBuffer Prompt { get; } = new();

        /// <summary>The box of the mask, in pixels of its frame; null when nothing was found.</summary>
        public Box? Object { get; set; }
    }

    private readonly PromptBuffer ofObject = new() { Source = PromptSource.Box };

    /// <summary>The answer to a command that names a mask that is not remembered.</summary>
    public static CommandError Gone =>
        new(
            CommandErrorCode.FrameGone,
            $"the mask is not remembered any more: the last {PipelineLimits.MasksRemembered} masks are; send its clicks or its box again"
        );

    /// <summary>The answer to a command to follow the object of a mask that shows none.</summary>
    public static CommandError Empty => CommandError.Bad("nothing was found in the mask that 'mask' names: there is no object to follow");

    /// <summary>Remembers a mask.</summary>
    /// <param name="number">Counts masks from 1; the last part of the mask's id.</param>
    /// <param name="frame">The frame that the mask was made on.</param>
    /// <param name="mask">Its prompt and its box are copied.</param>
    public void Add(long number, FrameInfo frame, Segmentation mask)
    {
        var entry = entries[number % entries.Length] ??= new Entry();
        (entry.Number, entry.Camera, entry.Sequence) = (number, frame.Camera, frame.Sequence);
        entry.Prompt.CopyFrom(mask.Prompt);
        var (left, top) = (mask.Geometry.Left, mask.Geometry.Top);
        entry.Object = mask.Found ? new Box(left, top, left + mask.Geometry.Width, top + mask.Geometry.Height) : null;
    }

    /// <summary>
    /// The prompt of a mask, in pixels of its frame; valid until the next <see cref="Add"/>. Null when it is not remembered.
    /// </summary>
    public PromptBuffer? Find(ReadOnlySpan<char> maskId) => Remembered(maskId)?.Prompt;

    /// <summary>
    /// A prompt that gives the object of a mask again: an operator's own prompt, else the box of the mask, because clicks that the device
    /// chose were ranked by more than the model's score. Null when the mask is not remembered; empty when nothing was found.
    /// </summary>
    public PromptBuffer? FindObject(ReadOnlySpan<char> maskId)
    {
        if (Remembered(maskId) is not { } entry)
            return null;
        var isOwn =
            entry.Prompt.Source is PromptSource.Click or PromptSource.Box && (entry.Prompt.ClickCount > 0 || entry.Prompt.Box is not null);
        if (isOwn && entry.Object is not null)
            return entry.Prompt;
        ofObject.Clear();
        ofObject.Box = entry.Object;
        return ofObject;
    }

    private Entry? Remembered(ReadOnlySpan<char> maskId)
    {
        if (
            !MaskId.TrySplit(maskId, out var frame, out var number)
            || !FrameId.TryParse(frame, out var of, out var camera, out var sequence)
        )
            return null;
        var entry = entries[number % entries.Length];
        return
            entry is not null
            && of.SequenceEqual(session)
            && entry.Number == number
            && entry.Sequence == sequence
            && camera.SequenceEqual(entry.Camera)
            ? entry
            : null;
    }
}
