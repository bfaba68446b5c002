using EdgeSeg.Platform;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Evaluation;

/// <summary>
/// The photographs and masks of a COCO set, read in one way by all that measure on it. What cannot be used is counted in the set or
/// refused with an error about one photograph, so that the others can be measured.
/// </summary>
internal sealed class CocoPhotos
{
    private readonly PhotoReader reader = new();
    private readonly RunLength runLength = new();

    /// <param name="set">The annotations.</param>
    /// <param name="folder">Of the photographs.</param>
    /// <exception cref="OperatingException">There is no such folder.</exception>
    public CocoPhotos(CocoSet set, string folder)
    {
        if (!Directory.Exists(folder))
            throw new OperatingException($"{folder}: is not a folder: name the folder of the photographs with --images", ExitCode.Usage);
        (Set, Folder) = (set, folder);
    }

    public CocoSet Set { get; }

    public string Folder { get; }

    /// <summary>What was wrong with photographs that could be read, a sentence each.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>A photograph, 8-bit BGR, which the caller disposes.</summary>
    /// <param name="image">Gets the photograph's size where the file states none.</param>
    /// <exception cref="OperatingException">It cannot be read, or is not of the size that the file states.</exception>
    public Mat Read(ref CocoImage image)
    {
        var pixels = reader.Read(image.PathIn(Folder));
        if (reader.Warning.Length > 0)
            Warnings.Add(reader.Warning);
        image = image with { Width = image.Width > 0 ? image.Width : pixels.Cols, Height = image.Height > 0 ? image.Height : pixels.Rows };
        if (pixels.Cols == image.Width && pixels.Rows == image.Height)
            return pixels;
        using (pixels)
            throw new OperatingException(
                $"{image.FileName}: is {pixels.Cols}x{pixels.Rows}, the annotations say {image.Width}x{image.Height}"
                    + (
                        pixels.Cols == image.Height && pixels.Rows == image.Width
                            ? ": masks must be in the pixels of the picture as it is displayed, upright (EXIF orientation applied)"
                            : ""
                    )
            );
    }

    /// <summary>Draws an annotation; false: it cannot be drawn, which is counted.</summary>
    /// <param name="annotation">Of the photograph.</param>
    /// <param name="image">With its size.</param>
    /// <param name="mask">The result.</param>
    public bool TryRasterise(CocoAnnotation annotation, CocoImage image, BinaryMask mask)
    {
        try
        {
            annotation.Rasterise(image, runLength, mask);
            return true;
        }
        catch (OperatingException e)
        {
            Set.Count(e.Message);
            return false;
        }
    }
}
