using EdgeSeg.Vision.Images;
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
    private readonly MaskRanking ranking;
    private readonly RankBy rankBy;
    private bool isRanked;

    /// <param name="binding">Inputs and outputs of the graph; this object owns it.</param>
    /// <param name="maskShape">[.., masks, height, width], only the last three above 1.</param>
    /// <param name="iouShape">[.., masks]</param>
    /// <param name="rankBy">How <see cref="Best"/> chooses.</param>
    protected Decoding(ModelBinding binding, long[] maskShape, long[] iouShape, RankBy rankBy)
    {
        Binding = binding;
        this.rankBy = rankBy;
        masks = new Tensor<float>(TensorElementType.Float, maskShape);
        iou = new Tensor<float>(TensorElementType.Float, iouShape);
        (Count, Height, Width) = ((int)maskShape[^3], (int)maskShape[^2], (int)maskShape[^1]);
        ranking = new MaskRanking(Count, Width * Height);
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
    public void Run(Embedding embedding, PromptBuffer prompt)
    {
        isRanked = false;
        RunGraph(embedding, prompt);
    }

    protected abstract void RunGraph(Embedding embedding, PromptBuffer prompt);

    /// <summary>The logits of a mask, row-major.</summary>
    public ReadOnlySpan<float> Logits(int index) => masks.Span.Slice(index * Width * Height, Width * Height);

    /// <summary>The mask with the greatest predicted IoU; a NaN loses against every number.</summary>
    public int MostConfident()
    {
        var best = 0;
        for (var i = 1; i < Count; i++)
        {
            if (IsGreater(iou.Span[i], iou.Span[best]))
                best = i;
        }

        return best;
    }

    /// <summary>The best mask of a prompt of clicks or a box, by the model's rule.</summary>
    public int Best()
    {
        if (rankBy == RankBy.PredictedIou)
            return MostConfident();
        var measured = Measured();
        var (best, greatest) = (0, float.NaN);
        for (var i = 0; i < Count; i++)
        {
            var rank = iou.Span[i] * measured.Stability(i);
            if (IsGreater(rank, greatest))
                (best, greatest) = (i, rank);
        }

        // where no mask is stable, the model's estimate is all there is
        return greatest > 0 ? best : MostConfident();
    }

    /// <summary>
    /// The mask that fits a region best: predicted IoU x IoU with the region. Bits of <paramref name="region"/>: one a logit, row-major.
    /// </summary>
    public int BestFor(ReadOnlySpan<ulong> region)
    {
        if (rankBy == RankBy.PredictedIou)
            return MostConfident();
        var measured = Measured();
        var (best, greatest) = (0, float.NaN);
        for (var i = 0; i < Count; i++)
        {
            var rank = iou.Span[i] * measured.Iou(i, region);
            if (IsGreater(rank, greatest))
                (best, greatest) = (i, rank);
        }

        return greatest > 0 ? best : MostConfident();
    }

    /// <summary>IoU of a mask with a region; see <see cref="BestFor"/>.</summary>
    public float Agreement(int index, ReadOnlySpan<ulong> region) => Measured().Iou(index, region);

    /// <summary>See <see cref="MaskRanking.Stability"/>.</summary>
    public float Stability(int index) => Measured().Stability(index);

    public bool TryEnlarge(int index, Embedding embedding, BinaryMask mask) =>
        LogitsToMask.Enlarge(Logits(index), Width, Height, mask, embedding.FrameWidth, embedding.FrameHeight);

    /// <summary>One of the masks as the result of <paramref name="result"/>'s prompt.</summary>
    /// <param name="index">From <see cref="Best"/>, <see cref="BestFor"/> or <see cref="MostConfident"/>.</param>
    /// <param name="window">Part of the frame that the logits cover.</param>
    /// <param name="width">Of the frame, in pixels.</param>
    /// <param name="height">Of the frame, in pixels.</param>
    /// <param name="result">Gets mask, geometry, scores, found and reason.</param>
    public void Finish(int index, PixelWindow window, int width, int height, Segmentation result)
    {
        var predicted = iou.Span[index];
        if (!float.IsFinite(predicted) || !LogitsToMask.Enlarge(Logits(index), Width, Height, result.Mask, width, height, window))
        {
            result.MarkNotFound(Segmentation.BadModelOutput, width, height);
            return;
        }

        result.Geometry = result.Mask.Measure();
        result.Found = result.Geometry.Area > 0;
        result.Reason = result.Found ? "" : Segmentation.EmptyMask;
        result.PredictedIou = Math.Clamp(predicted, 0, 1);
        result.Stability = Stability(index);
        if (result.Prompt.Source != PromptSource.Auto)
            result.Saliency = float.NaN;
        result.Score = result.PredictedIou * result.Stability * (float.IsNaN(result.Saliency) ? 1 : result.Saliency);
    }

    /// <summary>The best mask of a prompt on the whole frame.</summary>
    public void Finish(Embedding embedding, Segmentation result) =>
        Finish(
            Best(),
            new PixelWindow(0, 0, embedding.FrameWidth, embedding.FrameHeight),
            embedding.FrameWidth,
            embedding.FrameHeight,
            result
        );

    private static bool IsGreater(float value, float than) => value > than || (float.IsNaN(than) && !float.IsNaN(value));

    private MaskRanking Measured()
    {
        if (isRanked)
            return ranking;
        for (var i = 0; i < Count; i++)
            ranking.Load(i, Logits(i));
        isRanked = true;
        return ranking;
    }

    public virtual void Dispose()
    {
        Binding.Dispose();
        masks.Dispose();
        iou.Dispose();
        GC.SuppressFinalize(this);
    }
}
