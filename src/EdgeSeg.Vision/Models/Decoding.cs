using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Runs a model for one prompt at a time, and holds its answer: a few masks as logits in the graph's own size (foreground > 0, not sorted)
/// and the model's estimate of each one's IoU. Reused from prompt to prompt. Decodings of one model may run in parallel, each on one
/// thread.
/// </summary>
internal abstract class Decoding : IDisposable
{
    private readonly Tensor<float> masks,
        iou;

    /// <param name="binding">Inputs and outputs of the graph; this object owns it.</param>
    /// <param name="maskShape">[.., masks, height, width], only the last three above 1.</param>
    /// <param name="iouShape">[.., masks]</param>
    protected Decoding(ModelBinding binding, long[] maskShape, long[] iouShape)
    {
        Binding = binding;
        masks = new Tensor<float>(TensorElementType.Float, maskShape);
        iou = new Tensor<float>(TensorElementType.Float, iouShape);
        (Count, Height, Width) = ((int)maskShape[^3], (int)maskShape[^2], (int)maskShape[^1]);
    }

    /// <summary>Number of masks per prompt.</summary>
    public int Count { get; }

    /// <summary>Size of the logits.</summary>
    public int Width { get; }

    public int Height { get; }

    public ReadOnlySpan<float> PredictedIou => iou.Span;

    protected ModelBinding Binding { get; }

    protected OrtValue MaskValue => masks.Value;

    protected OrtValue IouValue => iou.Value;

    /// <summary>Answers a prompt that has passed <see cref="PromptRules"/>; the embedding must be encoded.</summary>
    public abstract void Run(Embedding embedding, PromptBuffer prompt);

    /// <summary>The logits of a mask, row-major.</summary>
    public ReadOnlySpan<float> Logits(int index) => masks.Span.Slice(index * Width * Height, Width * Height);

    /// <summary>The mask with the greatest predicted IoU.</summary>
    public int Best()
    {
        var scores = iou.Span;
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            // a NaN is less than every number
            if (scores[i] > scores[best] || float.IsNaN(scores[best]))
                best = i;
        }

        return best;
    }

    public bool TryEnlarge(int index, Embedding embedding, BinaryMask mask) =>
        LogitsToMask.Enlarge(Logits(index), Width, Height, mask, embedding.FrameWidth, embedding.FrameHeight);

    /// <summary>Writes the best mask into <paramref name="result"/>.</summary>
    public void Finish(Embedding embedding, Segmentation result)
    {
        var best = Best();
        var predicted = iou.Span[best];
        if (!float.IsFinite(predicted) || !TryEnlarge(best, embedding, result.Mask))
        {
            result.MarkNotFound(Segmentation.BadModelOutput, embedding.FrameWidth, embedding.FrameHeight);
            return;
        }

        result.Geometry = result.Mask.Measure();
        result.Found = result.Geometry.Area > 0;
        result.Reason = result.Found ? "" : Segmentation.EmptyMask;
        result.PredictedIou = Math.Clamp(predicted, 0, 1);
        if (result.Prompt.Source != PromptSource.Auto)
            result.Saliency = float.NaN;
        result.Score = float.IsNaN(result.Saliency) ? result.PredictedIou : result.PredictedIou * result.Saliency;
    }

    public virtual void Dispose()
    {
        Binding.Dispose();
        masks.Dispose();
        iou.Dispose();
        GC.SuppressFinalize(this);
    }
}
