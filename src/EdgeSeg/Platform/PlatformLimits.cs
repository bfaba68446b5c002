namespace EdgeSeg.Platform;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class PlatformLimits
{
    /// <summary>Characters of what the JSON reader says against a message.</summary>
    public const int MaxJsonFault = 300;
}
