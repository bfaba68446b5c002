using System.Diagnostics;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A model that takes a picture once and then answers prompts: <see cref="Encode"/> -> <see cref="Embedding"/> -> <see cref="Decode"/>.
/// One caller at a time; only separate <see cref="Decoding"/>s run in parallel.
/// </summary>
internal interface ISegmenter : IDisposable
{
    /// <summary>Size of the graph's input picture.</summary>
    int InputWidth { get; }

    int InputHeight { get; }

    /// <summary>Points a prompt may hold; a box takes two of them.</summary>
    int MaxPoints { get; }

    /// <summary>Number of masks per prompt; the best is used (<see cref="Decoding.Best"/>).</summary>
    int MaskCount { get; }

    /// <summary>Whether <see cref="FindClicks"/> and <see cref="Auto"/> work: the model, or one beside it, has a saliency map.</summary>
    bool HasSaliency { get; }

    /// <summary>0..1: least saliency of a pixel of a blob.</summary>
    float SaliencyThreshold { get; set; }

    /// <summary>Saliency of the last <see cref="FindClicks"/>: logits in the graph's own size.</summary>
    SaliencyMap Saliency { get; }

    /// <summary>The blob of the last <see cref="FindClicks"/> that found one.</summary>
    SalientRegion Salient { get; }

    /// <summary>Below it a blob is no object.</summary>
    SaliencyFloor Floor { get; set; }

    /// <summary>Whether the graph understands points off the object (label 0).</summary>
    bool AcceptsNegativeClicks { get; }

    /// <summary>Greatest side of an input picture with which a crop is looked at.</summary>
    const int MaxZoomSide = 512;

    /// <summary>
    /// Whether a second pass on a crop makes better masks for what it costs. A small input sees little of a small object in the whole
    /// frame, and a crop takes milliseconds; one of 1024 px sees enough, and a crop takes seconds (docs/decisions/mask-ranking.md).
    /// </summary>
    bool GainsFromZoom => Math.Max(InputWidth, InputHeight) <= MaxZoomSide;

    /// <summary>Number of decodes to run in parallel, each on its own thread with its own <see cref="Decoding"/>.</summary>
    int ParallelDecodes { get; }

    /// <summary>Number of embeddings that are worth keeping for further prompts; at least 1.</summary>
    int EmbeddingsWorthKeeping { get; }

    /// <summary>
    /// Memory for one picture, bound to this model; <see cref="Encode"/> fills it, any number of times. Dispose it before the model.
    /// </summary>
    Embedding CreateEmbedding();

    /// <summary>Memory for the answers to one prompt. Dispose it before the model.</summary>
    Decoding CreateDecoding();

    /// <summary>Takes a picture (8-bit BGR, any size). Only the pixels that the model needs are copied.</summary>
    void Encode(Mat pixels, Embedding embedding, ref StageTimes times);

    /// <summary>
    /// Finds the most salient object and writes five clicks on it into <paramref name="result"/>'s prompt.
    /// False, with <see cref="Segmentation.Reason"/>, when nothing is salient or the map is not finite.
    /// </summary>
    bool FindClicks(Embedding embedding, Segmentation result);

    /// <summary>
    /// Runs the model with a prompt, which must have passed <see cref="PromptRules"/>. The answer is valid until the next prompt.
    /// </summary>
    Decoding Ask(Embedding embedding, PromptBuffer prompt, ref StageTimes times);

    /// <summary>
    /// Answers <paramref name="result"/>'s prompt by one pass on the whole frame: the best of its masks, enlarged to the frame.
    /// Fills found, reason, scores and mask.
    /// </summary>
    void Decode(Embedding embedding, Segmentation result)
    {
        var decoding = Ask(embedding, result.Prompt, ref result.Times);
        var since = Stopwatch.GetTimestamp();
        decoding.Finish(embedding, result);
        result.Times.Close(Stage.Mask, since);
    }

    /// <summary>
    /// One of the masks of the last <see cref="Decode"/>, enlarged to the frame (for evaluation: best of three). False when it is not
    /// finite.
    /// </summary>
    bool TryEnlarge(int index, Embedding embedding, BinaryMask mask);

    /// <summary>
    /// Makes the embedding ready for <see cref="Decoding"/>s on other threads: runs an encoder that waits for the first prompt.
    /// </summary>
    void EnsureEncoded(Embedding embedding, ref StageTimes times);

    /// <summary>The whole automatic mode on one encoded picture: clicks, then their mask.</summary>
    void Auto(Embedding embedding, Segmentation result)
    {
        if (FindClicks(embedding, result))
            Decode(embedding, result);
        else
            result.MarkNotFound(result.Reason, embedding.FrameWidth, embedding.FrameHeight);
    }
}
