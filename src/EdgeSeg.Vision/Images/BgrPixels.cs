using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Vision.Images;

/// <summary>The one place where pictures in memory become what the models are shown: 8-bit BGR within the bounds.</summary>
internal static class BgrPixels
{
    /// <summary>The picture itself when it is BGR, else <paramref name="scratch"/> with its pixels as BGR.</summary>
    /// <param name="image">CV_8UC3 (BGR), CV_8UC1 (grey) or CV_8UC4 (BGRA).</param>
    /// <param name="scratch">Takes converted pixels.</param>
    /// <exception cref="ArgumentException">The picture is empty, too small, too large, or of another type.</exception>
    public static Mat Of(Mat image, Mat scratch)
    {
        if (image.Empty())
            throw new ArgumentException(
                "the picture is empty: Cv2.ImRead gives an empty one for a file that it cannot read",
                nameof(image)
            );
        if (image.Dims != 2)
            throw new ArgumentException($"the picture has {image.Dims} dimensions where 2 are needed", nameof(image));
        var (width, height) = (image.Cols, image.Rows);
        if (width < PictureBounds.MinSide || height < PictureBounds.MinSide)
            throw new ArgumentException(
                $"the picture has {width}x{height} pixels: both sides need at least {PictureBounds.MinSide}",
                nameof(image)
            );
        if ((long)width * height > PictureBounds.MaxPixels)
            throw new ArgumentException(
                $"the picture has {width}x{height} pixels, more than {PictureBounds.MaxPixels / 1_000_000} megapixels: make it smaller",
                nameof(image)
            );
        var type = image.Type();
        if (type == MatType.CV_8UC3)
            return image;
        if (type == MatType.CV_8UC1)
            Cv2.CvtColor(image, scratch, ColorConversionCodes.GRAY2BGR);
        else if (type == MatType.CV_8UC4)
            Cv2.CvtColor(image, scratch, ColorConversionCodes.BGRA2BGR);
        else
        {
            var remedy = type.Depth == MatType.CV_8U ? "convert it to BGR with Cv2.CvtColor" : "convert it to 8 bits with Mat.ConvertTo";
            throw new ArgumentException(
                $"the picture is {type}: 8UC3 (BGR), 8UC1 (grey) or 8UC4 (BGRA) is needed; {remedy}",
                nameof(image)
            );
        }

        return scratch;
    }
}
