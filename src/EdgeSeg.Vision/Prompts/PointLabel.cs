namespace EdgeSeg.Vision.Prompts;

/// <summary>The labels by which both models tell points apart.</summary>
internal static class PointLabel
{
    public const float Unused = -1,
        Click = 1,
        BoxTopLeft = 2,
        BoxBottomRight = 3;
}
