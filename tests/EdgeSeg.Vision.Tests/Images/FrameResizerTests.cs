using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Images;

public class FrameResizerTests
{
    [Theory]
    [InlineData(1280, 720, 256, 256)]
    [InlineData(1920, 1080, 256, 256)]
    [InlineData(640, 480, 256, 192)]
    [InlineData(301, 257, 300, 256)]
    [InlineData(257, 256, 256, 256)]
    [InlineData(16, 17, 1, 1)]
    [InlineData(1000, 64, 16, 1)]
    [InlineData(4096, 4096, 64, 64)]
    [InlineData(8000, 6000, 256, 256)]
    [InlineData(256, 720, 256, 100)]
    public void A_smaller_picture_is_OpenCVs_to_two_grey_levels(int columns, int rows, int width, int height)
    {
        using var pixels = Noise(columns, rows);
        Assert.True(AreaResizer.Fits(columns, rows, width, height) || columns > 64 * width || rows > 64 * height);
        Assert.InRange(Difference(pixels, width, height), 0, 2);
    }

    [Fact]
    public void Sizes_may_change_from_picture_to_picture()
    {
        var resizer = new FrameResizer();
        foreach (var (columns, rows) in new[] { (640, 480), (1280, 720), (640, 480), (300, 200) })
        {
            using var pixels = Noise(columns, rows);
            Assert.InRange(Difference(pixels, 256, 192, resizer), 0, 2);
        }
    }

    [Fact]
    public void A_part_of_a_picture_is_resized_and_only_the_target_is_written()
    {
        using var whole = Noise(700, 500);
        using var part = whole.SubMat(new Rect(101, 57, 333, 222));
        Assert.InRange(Difference(part, 128, 96), 0, 2);
        using var frame = new Mat(100, 140, MatType.CV_8UC3, Scalar.All(7));
        using (var target = frame.SubMat(new Rect(3, 2, 128, 96)))
            new FrameResizer().Fill(part, target);
        using var outside = frame.Clone();
        outside.Rectangle(new Rect(3, 2, 128, 96), Scalar.All(7), -1);
        Assert.Equal(0, Cv2.Norm(outside, new Mat(100, 140, MatType.CV_8UC3, Scalar.All(7)), NormTypes.INF));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(254)]
    [InlineData(255)]
    public void One_colour_stays_that_colour(int level)
    {
        using var pixels = new Mat(719, 1279, MatType.CV_8UC3, Scalar.All(level));
        using var small = new Mat(200, 256, MatType.CV_8UC3);
        new FrameResizer().Fill(pixels, small);
        Cv2.MinMaxLoc(small.Reshape(1), out double least, out double most);
        Assert.Equal((level, level), (least, most));
    }

    private static Mat Noise(int columns, int rows)
    {
        var pixels = new Mat(rows, columns, MatType.CV_8UC3);
        Cv2.Randu(pixels, Scalar.All(0), Scalar.All(256));
        return pixels;
    }

    private static double Difference(Mat pixels, int width, int height, FrameResizer? resizer = null)
    {
        using var ours = new Mat(height, width, MatType.CV_8UC3, Scalar.All(99));
        (resizer ?? new FrameResizer()).Fill(pixels, ours);
        using var theirs = new Mat();
        Cv2.Resize(pixels, theirs, new Size(width, height), 0, 0, InterpolationFlags.Area);
        // noise of the greatest contrast; the mean shows that the error has no bias
        Assert.InRange(Math.Abs(ours.Mean().Val0 - theirs.Mean().Val0), 0, 0.25 + 3.0 / Math.Sqrt(width * height));
        return Cv2.Norm(ours, theirs, NormTypes.INF);
    }
}
