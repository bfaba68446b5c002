using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A model that is shown a picture once and then asked with prompts: <see cref="Encode"/> -> <see cref="Embedding"/> -> <see
/// cref="Decode"/>. One caller at a time; only <see cref="Decoding"/>s of their own run side by side.
/// </summary>
internal interface ISegmenter : IDisposable
{
    /// <summary>Size of the picture that the graph sees.</summary>
    int InputWidth { get; }

    int InputHeight { get; }

    /// <summary>Points a prompt may hold; a box takes two of them.</summary>
    int MaxPoints { get; }

    /// <summary>Number of masks that a prompt gives; the best by predicted IoU is taken.</summary>
    int MaskCount { get; }

    /// <summary>Whether <see cref="FindClicks"/> and <see cref="Auto"/> work: the model, or one beside it, has a saliency map.</summary>
    bool HasSaliency { get; }

    /// <summary>0..1: how salient a pixel must be to belong to a blob.</summary>
    float SaliencyThreshold { get; set; }

    /// <summary>Saliency of the last <see cref="FindClicks"/>: logits in the graph's own size.</summary>
    SaliencyMap Saliency { get; }

    /// <summary>Decodes that are best run side by side, each on a thread and with a <see cref="Decoding"/> of its own.</summary>
    int ParallelDecodes { get; }

    /// <summary>Embeddings that save more than they cost when kept for more prompts; 1 at least.</summary>
    int EmbeddingsWorthKeeping { get; }

    /// <summary>
    /// Memory for one picture, bound to this model; filled by <see cref="Encode"/>, again and again. Dispose it before the model.
    /// </summary>
    Embedding CreateEmbedding();

    /// <summary>Memory for the answers to one prompt. Dispose it before the model.</summary>
    Decoding CreateDecoding();

    /// <summary>Shows a picture (8-bit BGR, any size). Only the pixels that the model needs are kept.</summary>
    void Encode(Mat pixels, Embedding embedding, ref StageTimes times);

    /// <summary>
    /// Looks for what stands out, and puts five clicks on it into <paramref name="result"/>'s prompt.
    /// False, with <see cref="Segmentation.Reason"/>, when nothing is salient or the map is not finite.
    /// </summary>
    bool FindClicks(Embedding embedding, Segmentation result);

    /// <summary>
    /// Answers <paramref name="result"/>'s prompt, which must have passed <see cref="PromptRules"/>: the best of its masks, enlarged to the
    /// frame. Fills found, reason, scores and mask.
    /// </summary>
    void Decode(Embedding embedding, Segmentation result);

    /// <summary>
    /// One of the masks of the last <see cref="Decode"/>, enlarged to the frame (for evaluation: best of three). False when it is not
    /// finite.
    /// </summary>
    bool TryEnlarge(int index, Embedding embedding, BinaryMask mask);

    /// <summary>
    /// Makes the embedding ready for <see cref="Decoding"/>s on other threads: an encoder that waits for the first prompt runs now.
    /// </summary>
    void EnsureEncoded(Embedding embedding, ref StageTimes times);

    /// <summary>The whole automatic way on one encoded picture.</summary>
    void Auto(Embedding embedding, Segmentation result)
    {
        if (FindClicks(embedding, result))
            Decode(embedding, result);
        else
            result.MarkNotFound(result.Reason, embedding.FrameWidth, embedding.FrameHeight);
    }
}
