namespace EdgeSeg.Vision.Platform;

/// <summary>The bounds of pictures, for decoders and for models.</summary>
internal static class PictureBounds
{
    /// <summary>Shortest side, in pixels: below it an object cannot be distinguished from noise.</summary>
    public const int MinSide = 16;

    /// <summary>Most pixels (width x height): 100 megapixels are 300 MB once decoded, more than a small board can spare.</summary>
    public const long MaxPixels = 100_000_000;
}
