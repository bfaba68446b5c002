namespace EdgeSeg.Vision.Prompts;

/// <summary>The labels of points in the inputs of both models.</summary>
internal static class PointLabel
{
    public const float Unused = -1,
        NegativeClick = 0,
        Click = 1,
        BoxTopLeft = 2,
        BoxBottomRight = 3;
}
