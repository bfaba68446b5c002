namespace EdgeSeg.Vision.Models;

/// <summary>
/// What a model keeps of one picture for any number of prompts. It owns its memory and takes the next picture in the same memory.
/// <see cref="ISegmenter.CreateEmbedding"/> creates it; it is valid for that model only.
/// </summary>
internal abstract class Embedding : IDisposable
{
    /// <summary>Size of the frame it was made from: prompts and masks are in its pixels.</summary>
    public int FrameWidth { get; protected set; }

    public int FrameHeight { get; protected set; }

    /// <summary>The picture is not encoded yet: there was no prompt.</summary>
    public virtual bool IsWaiting => false;

    /// <summary>Declares the encoded picture a resized copy of a frame of this size.</summary>
    public void SetFrameSize(int frameWidth, int frameHeight) => (FrameWidth, FrameHeight) = (frameWidth, frameHeight);

    public abstract void Dispose();
}
