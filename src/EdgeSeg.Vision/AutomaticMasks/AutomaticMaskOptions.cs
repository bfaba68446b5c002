using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Vision.AutomaticMasks;

/// <summary>
/// Options of automatic masks. They have the meaning of the arguments of <c>SamAutomaticMaskGenerator</c> in Meta's segment-anything; that
/// name is given with each. The defaults are those of EfficientSAM's own example; where options are left out, the bundle's own thresholds
/// hold.
/// </summary>
public sealed record AutomaticMaskOptions
{
    /// <summary>Most points on a side: 64 x 64 are 4096 decodes, two minutes of a desktop machine.</summary>
    internal const int MaxPointsPerSide = 64;

    /// <summary>
    /// Logits that a region has at least, by default: fewer are no shape that the model can draw, and are what it answers where there is
    /// no object (a photograph of a plain wall gave 137 discs of 8 to 30 logits at its edges).
    /// </summary>
    internal const int MinLogits = 32;

    /// <summary>Pixels of the picture that a region has at least, by default.</summary>
    internal const int MinPixels = 100;

    /// <summary>Points on each side of the grid of clicks, 1 to 64: the model is asked n x n times (<c>points_per_side</c>).</summary>
    public int PointsPerSide { get; init; } = 32;

    /// <summary>Least predicted IoU of a mask that is kept, 0 to 1 (<c>pred_iou_thresh</c>).</summary>
    public float PredictedIouThreshold { get; init; } = 0.7f;

    /// <summary>
    /// Least stability of a mask that is kept, 0 to 1: the area at a logit above <see cref="StabilityScoreOffset"/>, divided by the area
    /// above its negative (<c>stability_score_thresh</c>).
    /// </summary>
    public float StabilityScoreThreshold { get; init; } = 0.9f;

    /// <summary>Logits by which the threshold of the mask moves up and down for the stability (<c>stability_score_offset</c>).</summary>
    public float StabilityScoreOffset { get; init; } = 1;

    /// <summary>
    /// Pixels of the picture: smaller masks are dropped, smaller islands are removed, smaller holes are filled
    /// (<c>min_mask_region_area</c>; SAM keeps a small mask that is one island). Null: 100, or the area of 32 of the model's logits where
    /// that is more.
    /// </summary>
    public double? MinMaskRegionArea { get; init; }

    /// <summary>
    /// Of two masks with a greater IoU than this, the one with the lower predicted IoU x stability is dropped, 0 to 1 (like
    /// <c>box_nms_thresh</c>, but on masks).
    /// </summary>
    public float NmsThreshold { get; init; } = 0.7f;

    /// <summary>
    /// True: every mask that the model gives for a point is a candidate, as in <c>SamAutomaticMaskGenerator</c>; false: only the one with
    /// the greatest predicted IoU, as in EfficientSAM's example.
    /// </summary>
    public bool Multimask { get; init; }

    /// <summary>A mask whose run lengths take more bytes is noise and is dropped: no message could carry it.</summary>
    internal int MaxMaskBytes { get; init; } = RunLength.MaxCountsBytes;

    /// <param name="cellPx">Pixels of the picture that a logit covers.</param>
    /// <returns>The least area of a region, in pixels of the picture.</returns>
    internal double LeastRegion(double cellPx) => MinMaskRegionArea ?? Math.Max(MinPixels, MinLogits * cellPx);

    /// <summary>The defaults for a bundle: its own thresholds, where it has some.</summary>
    internal static AutomaticMaskOptions For(BundleThresholds? thresholds)
    {
        var published = new AutomaticMaskOptions();
        return thresholds is null
            ? published
            : published with
            {
                PredictedIouThreshold = thresholds.PredIouThresh ?? published.PredictedIouThreshold,
                StabilityScoreThreshold = thresholds.StabilityScoreThresh ?? published.StabilityScoreThreshold,
                Multimask = thresholds.Multimask,
            };
    }

    /// <exception cref="ArgumentException">A value is outside its range, or not a number.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(PointsPerSide, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PointsPerSide, AutomaticMaskOptions.MaxPointsPerSide);
        foreach (
            var (name, value) in (ReadOnlySpan<(string, double)>)
                [
                    (nameof(PredictedIouThreshold), PredictedIouThreshold),
                    (nameof(StabilityScoreThreshold), StabilityScoreThreshold),
                    (nameof(StabilityScoreOffset), StabilityScoreOffset),
                    (nameof(MinMaskRegionArea), MinMaskRegionArea ?? 0),
                    (nameof(NmsThreshold), NmsThreshold),
                ]
        )
        {
            if (double.IsNaN(value))
                throw new ArgumentException($"{name} is not a number");
        }
    }
}
