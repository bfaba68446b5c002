namespace EdgeSeg.Vision.Models;

/// <summary>
/// What a model keeps of one picture, to be asked again with other prompts. A value that owns its memory, and takes the next picture in the same memory.
/// Made by <see cref="ISegmenter.CreateEmbedding"/>, good for that model only.
/// </summary>
internal abstract class Embedding : IDisposable
{
    /// <summary>Size of the frame it was made from: prompts and masks are in its pixels.</summary>
    public int FrameWidth { get; protected set; }

    public int FrameHeight { get; protected set; }

    /// <summary>Shown, and not yet encoded: no prompt has come.</summary>
    public virtual bool IsWaiting => false;

    /// <summary>Says that the picture encoded was a stretched copy of a frame of this size.</summary>
    public void StandFor(int frameWidth, int frameHeight) => (FrameWidth, FrameHeight) = (frameWidth, frameHeight);

    public abstract void Dispose();
}
