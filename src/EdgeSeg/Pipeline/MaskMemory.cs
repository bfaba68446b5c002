using EdgeSeg.Messages;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The prompts of the last masks that left the device, so that a later click can correct one of them. Memory is kept; one thread.
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
    }

    /// <summary>The answer to a correction of a mask that is not remembered.</summary>
    public static CommandError Gone =>
        new(
            CommandErrorCode.FrameGone,
            $"the mask is not remembered any more: the last {PipelineLimits.MasksRemembered} masks are; send all of its clicks again"
        );

    /// <param name="number">Counts masks from 1; the last part of the mask's id.</param>
    /// <param name="frame">The frame that the mask was made on.</param>
    /// <param name="prompt">Copied.</param>
    public void Add(long number, FrameInfo frame, PromptBuffer prompt)
    {
        var entry = entries[number % entries.Length] ??= new Entry();
        (entry.Number, entry.Camera, entry.Sequence) = (number, frame.Camera, frame.Sequence);
        entry.Prompt.CopyFrom(prompt);
    }

    /// <summary>
    /// The prompt of a mask, in pixels of its frame; valid until the next <see cref="Add"/>. Null when it is not remembered.
    /// </summary>
    public PromptBuffer? Find(ReadOnlySpan<char> maskId)
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
            ? entry.Prompt
            : null;
    }
}
