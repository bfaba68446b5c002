using System.Text.Json.Serialization;
using EdgeSeg.Vision.Saliency;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Numbers that fit one set of weights, measured by <c>edgeseg model calibrate</c> and kept in <c>model.json</c>. All are 0..1. Without
/// them every salient blob is an object, and automatic masks use the published thresholds.
/// </summary>
internal sealed record BundleThresholds
{
    /// <summary>On which photographs they were measured.</summary>
    [JsonRequired]
    public string From { get; init; } = "";

    /// <summary>Mean saliency of a blob below which it is no object.</summary>
    public float SaliencyMean { get; init; }

    /// <summary>Greatest saliency of a blob below which it is no object.</summary>
    public float SaliencyPeak { get; init; }

    /// <summary>Least predicted IoU of an automatic mask; null: the published one.</summary>
    public float? PredIouThresh { get; init; }

    /// <summary>Least stability of an automatic mask; null: the published one.</summary>
    public float? StabilityScoreThresh { get; init; }

    /// <summary>
    /// Automatic masks: whether every mask of a point is a candidate (as in SAM), or only the surest (as in EfficientSAM's example).
    /// </summary>
    public bool Multimask { get; init; }

    [JsonIgnore]
    public SaliencyFloor Floor => new(SaliencyMean, SaliencyPeak);

    /// <summary>The name of the first number that is outside of 0..1; null: all are good.</summary>
    public string? FindWrong() =>
        IsWrong(SaliencyMean) ? "saliency_mean"
        : IsWrong(SaliencyPeak) ? "saliency_peak"
        : IsWrong(PredIouThresh ?? 0) ? "pred_iou_thresh"
        : IsWrong(StabilityScoreThresh ?? 0) ? "stability_score_thresh"
        : null;

    // negated, so that NaN is wrong as well
    private static bool IsWrong(float value) => !(value >= 0 && value <= 1);
}
