namespace EdgeSeg.Vision;

/// <summary>The bounds of this library, each with its reason.</summary>
internal static class VisionLimits
{
    /// <summary>Shortest side of a picture, in pixels: below it an object cannot be distinguished from noise.</summary>
    public const int MinImageSide = 16;

    /// <summary>
    /// Largest picture, in pixels (width x height): 100 megapixels are 300 MB once decoded, more than a small board can spare.
    /// </summary>
    public const long MaxImagePixels = 100_000_000;

    /// <summary>Largest encoded photograph read from disk, in bytes.</summary>
    public const long MaxPhotoBytes = 256L << 20;

    /// <summary>Most points per prompt that the models were trained with.</summary>
    public const int MaxPoints = 6;

    /// <summary>Largest model.json, in bytes.</summary>
    public const int MaxManifestBytes = 1 << 20;

    /// <summary>Largest graph file, in bytes.</summary>
    public const long MaxGraphBytes = 1L << 30;

    /// <summary>Identifiers (device, camera, client) in topics.</summary>
    public const int MaxIdLength = 64;

    /// <summary>Longest run-length text of a mask, in bytes: what a message holds beside its other fields.</summary>
    public const int MaxCountsBytes = 100_000;

    /// <summary>Corners traced around a mask before simplifying: above it the mask is noise, and its polygon is its box.</summary>
    public const int MaxTracedCorners = 1_000_000;

    /// <summary>Rings of a polygon; the largest are kept.</summary>
    public const int MaxPolygonRings = 256;

    /// <summary>Vertices of a polygon, all rings together: about 40 KB of JSON.</summary>
    public const int MaxPolygonVertices = 4096;

    /// <summary>
    /// Frames whose embeddings are kept for more prompts: EfficientSAM's take 4 MB each, and an operator works on one frame at a time.
    /// </summary>
    public const int MaxEmbeddings = 4;

    /// <summary>Points on a side of the grid of automatic masks: 64 x 64 are 4096 decodes, two minutes of a desktop machine.</summary>
    public const int MaxEverythingGrid = 64;

    /// <summary>Providers that are tried one after the other.</summary>
    public const int MaxProviders = 8;

    /// <summary>Largest file of self-check results, in bytes; a larger one is replaced.</summary>
    public const int MaxVerdictBytes = 64 << 10;
}
