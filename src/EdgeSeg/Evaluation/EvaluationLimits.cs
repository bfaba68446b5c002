namespace EdgeSeg.Evaluation;

/// <summary>The bounds of what an evaluation reads.</summary>
internal static class EvaluationLimits
{
    /// <summary>An annotation file is read whole; the largest public ones (LVIS, COCO train) have a quarter of this.</summary>
    public const long MaxAnnotationBytes = 2_000_000_000;

    /// <summary>Pixels; a polygon's vertex beyond it is an exporter's fault, and no picture is as large.</summary>
    public const double MaxCoordinate = 1e6;
}
