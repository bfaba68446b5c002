using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class OverlayTests
{
    [Fact]
    public void The_mask_is_tinted_and_the_rest_and_the_frame_are_unchanged()
    {
        using var frame = new Mat(260, 300, MatType.CV_8UC3, new Scalar(90, 120, 60));
        using var picture = Draw(frame, Found());
        Assert.Equal(frame.Size(), picture.Size());
        Assert.NotEqual(new Vec3b(90, 120, 60), picture.At<Vec3b>(110, 40)); // in the disc
        Assert.Equal(new Vec3b(90, 120, 60), picture.At<Vec3b>(118, 110)); // in its hole
        Assert.Equal(new Vec3b(90, 120, 60), picture.At<Vec3b>(240, 20)); // in the open
        Assert.Equal(new Vec3b(90, 120, 60), frame.At<Vec3b>(110, 40));
    }

    [Fact]
    public void The_label_has_score_and_area_or_the_reason_why_nothing_was_found()
    {
        var found = Found();
        Assert.Equal($"score 0.87  area {100.0 * found.Mask.Area() / 78000:0.0} %", found.Label);
        Assert.Equal("nothing found: nothing_salient", new Segmentation { Reason = "nothing_salient" }.Label);
    }

    [Fact]
    public void The_smallest_picture_can_be_drawn()
    {
        using var frame = new Mat(PictureBounds.MinSide, PictureBounds.MinSide, MatType.CV_8UC3, Scalar.All(50));
        using var picture = Draw(frame, new Segmentation { Reason = "nothing_salient" });
        Assert.Equal(frame.Size(), picture.Size());
    }

    [Fact]
    public void A_mask_of_another_size_and_a_grey_frame_are_refused()
    {
        using var other = new Mat(20, 20, MatType.CV_8UC3, Scalar.All(0));
        using var grey = new Mat(260, 300, MatType.CV_8UC1, Scalar.All(0));
        Assert.Throws<ArgumentException>(() => Draw(other, Found()));
        Assert.Throws<ArgumentException>(() => Draw(grey, Found()));
    }

    private static Mat Draw(Mat frame, Segmentation s) => Overlay.Draw(frame, s.Found ? s.Mask : null, s.Prompt, s.Label);

    private static Segmentation Found()
    {
        var s = new Segmentation { Found = true, Score = 0.87f };
        s.Mask.CopyFrom(MaskSamples.Blobs());
        s.Prompt.Add(new Click(225.5f, 80.5f));
        return s;
    }
}
