using EdgeSeg.Configuration;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Pipeline;

/// <summary>Pictures with the mask drawn on them: when they are sent, and what they show.</summary>
public class OverlaySenderTests
{
    private const string End = "cam/front/overlay";

    [Fact]
    public void The_picture_has_the_frames_size_and_the_mask_changes_its_pixels()
    {
        using var rig = new PipelineRig(overlayIntervalS: 5);
        rig.Frame();
        using var drawn = Cv2.ImDecode(Assert.Single(rig.Link.PayloadsOf(End)), ImreadModes.Color);
        Assert.Equal((PipelineRig.Width, PipelineRig.Height), (drawn.Cols, drawn.Rows));

        using var without = new PipelineRig(overlayIntervalS: 5);
        without.Script.MeanSaliency = 0;
        without.Frame();
        using var plain = Cv2.ImDecode(Assert.Single(without.Link.PayloadsOf(End)), ImreadModes.Color);
        using var difference = new Mat();
        Cv2.Absdiff(drawn, plain, difference);
        // the middle of the scripted mask is tinted, a corner outside of mask and label is not
        var middle = difference.At<Vec3b>(PipelineRig.Height / 2, PipelineRig.Width / 2);
        Assert.True(Math.Max(middle.Item0, Math.Max(middle.Item1, middle.Item2)) > 20, $"middle differs by {middle}");
        var corner = difference.At<Vec3b>(PipelineRig.Height - 2, PipelineRig.Width - 2);
        Assert.True(corner.Item0 + corner.Item1 + corner.Item2 < 20, $"corner differs by {corner}");
    }

    [Fact]
    public void Automatic_masks_give_one_picture_an_interval()
    {
        using var rig = new PipelineRig(overlayIntervalS: 5);
        for (var i = 0; i < 21; i++)
        {
            rig.Frame();
            rig.Time.Advance(TimeSpan.FromMilliseconds(500));
        }

        // at 0, 5 and 10 s
        Assert.Equal(21, rig.Masks.Count);
        Assert.Equal(3, rig.Link.PayloadsOf(End).Count);
    }

    [Fact]
    public void A_command_has_its_picture_sooner_but_not_more_than_one_a_second()
    {
        using var rig = new PipelineRig(overlayIntervalS: 3600);
        var frame = rig.Frame();
        Assert.Single(rig.Link.PayloadsOf(End));
        rig.Time.Advance(TimeSpan.FromSeconds(1.5));
        for (var i = 0; i < 3; i++)
        {
            rig.Send("click", $$"""{"points":[[160,120]],"frame":"{{frame}}"}""");
            while (rig.Commands()) { }
        }

        Assert.Equal(4, rig.Masks.Count);
        Assert.Equal(2, rig.Link.PayloadsOf(End).Count);
    }

    [Fact]
    public void With_a_region_of_interest_the_picture_is_still_the_whole_frame()
    {
        using var rig = new PipelineRig(c => c.Roi = new Area(40, 30, 200, 150), overlayIntervalS: 5);
        rig.Frame();
        using var drawn = Cv2.ImDecode(Assert.Single(rig.Link.PayloadsOf(End)), ImreadModes.Color);
        using var plain = new PipelineRig(overlayIntervalS: 5);
        plain.Script.MeanSaliency = 0;
        plain.Frame();
        using var whole = Cv2.ImDecode(Assert.Single(plain.Link.PayloadsOf(End)), ImreadModes.Color);
        using var difference = new Mat();
        Cv2.Absdiff(drawn, whole, difference);
        using var below = difference.SubMat(new Rect(0, PipelineRig.Height - 30, PipelineRig.Width, 30));
        Assert.True(Cv2.Mean(below).Val0 < 3, "the rows below the region are those of the frame");
    }

    [Theory]
    [InlineData(true, 5, true)]
    [InlineData(true, 0, false)]
    [InlineData(false, 5, false)]
    public void Only_home_assistant_with_an_interval_asks_for_pictures(bool enabled, double intervalS, bool expected) =>
        Assert.Equal(expected, new HomeAssistantSettings { Enabled = enabled, ImageIntervalS = intervalS }.HasObjectImages);

    [Fact]
    public void Without_them_none_is_sent()
    {
        using var rig = new PipelineRig();
        rig.Frame();
        Assert.Empty(rig.Link.PayloadsOf(End));
    }
}
