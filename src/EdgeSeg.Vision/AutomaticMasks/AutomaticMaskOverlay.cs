using EdgeSeg.Vision.Masks;
using OpenCvSharp;

namespace EdgeSeg.Vision.AutomaticMasks;

/// <summary>
/// Draws all automatic masks of a frame, each in a colour of its own, the largest first. Not on the frame path: it allocates.
/// </summary>
internal static class AutomaticMaskOverlay
{
    private const double Tint = 0.45;

    /// <summary>Hues (0..180 in OpenCV) by the golden angle: neighbours in the list have clearly different colours.</summary>
    private const double HueStep = 68.75;

    /// <summary>A new picture, 8-bit BGR; the caller disposes it.</summary>
    public static Mat Draw(Mat frame, IReadOnlyList<AutomaticMask> found)
    {
        var picture = frame.Clone();
        var runLength = new RunLength();
        var mask = new BinaryMask();
        using var set = new Mat();
        using var tinted = new Mat();
        var order = found.Select((m, i) => (Mask: m, Hue: i * HueStep % 180)).OrderByDescending(m => m.Mask.Geometry.Area);
        foreach (var (one, hue) in order)
        {
            if (!runLength.TryDecode(one.Counts, frame.Cols, frame.Rows, mask, out var problem))
                throw new InvalidOperationException(problem);
            MaskMat.ToMat(mask, set);
            using var colour = new Mat(picture.Size(), MatType.CV_8UC3, Bgr(hue));
            Cv2.AddWeighted(picture, 1 - Tint, colour, Tint, 0, tinted);
            tinted.CopyTo(picture, set);
            Cv2.FindContours(set, out var outlines, out _, RetrievalModes.CComp, ContourApproximationModes.ApproxNone);
            Cv2.DrawContours(picture, outlines, -1, Scalar.White, 1, LineTypes.AntiAlias);
        }

        return picture;
    }

    private static Scalar Bgr(double hue)
    {
        using var hsv = new Mat(1, 1, MatType.CV_8UC3, new Scalar(hue, 200, 255));
        using var bgr = new Mat();
        Cv2.CvtColor(hsv, bgr, ColorConversionCodes.HSV2BGR);
        var c = bgr.At<Vec3b>(0, 0);
        return new Scalar(c.Item0, c.Item1, c.Item2);
    }
}
