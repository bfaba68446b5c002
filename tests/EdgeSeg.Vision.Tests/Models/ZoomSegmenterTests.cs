using EdgeSeg.Testing;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Models;

/// <summary>With a made graph whose mask is the same whatever it sees, a mask shows where the crop lay.</summary>
public sealed class ZoomSegmenterTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(640, 480, 1)]
    [InlineData(333, 217, 1)]
    [InlineData(1280, 720, 2)]
    [InlineData(701, 999, 1)]
    public void A_box_is_answered_by_one_pass_on_the_box_enlarged(int width, int height, int reduced)
    {
        // the mask is the left half of what the model sees
        using var model = Load((x, _) => x < 8);
        using var held = new Mat(height / reduced, width / reduced, MatType.CV_8UC3, Scalar.All(80));
        var result = Ask(model, held, width, height, p => p.Box = new Box(100, 60, 200, 140));
        Assert.True(result.Found);
        Assert.True(result.IsZoomed);
        Assert.True(double.IsNaN(result.Times[Stage.Decode]), "the whole frame was looked at as well");
        Assert.True(result.Times[Stage.Zoom] >= 0);
        // 1.5 times the box around its centre (150, 100): 75..225 x 40..160, rounded outwards to pixels of the held copy
        var (left, right) = (75 / reduced * reduced, (225 + reduced - 1) / reduced * reduced);
        var middle = (left + right) / 2.0;
        Assert.Equal(
            (left, 40, (int)Math.Ceiling(middle - 0.5) - left, 120),
            (result.Geometry.Left, result.Geometry.Top, result.Geometry.Width, result.Geometry.Height)
        );
        Assert.Equal(result.Geometry.Width * result.Geometry.Height, result.Geometry.Area);
        Assert.Equal((width, height), (result.Mask.Width, result.Mask.Height));
    }

    [Fact]
    public void A_crop_at_the_edge_ends_there_and_a_small_box_gets_its_surroundings()
    {
        using var model = Load((_, _) => true);
        using var pixels = new Mat(101, 103, MatType.CV_8UC3, Scalar.All(80));
        var result = Ask(model, pixels, 103, 101, p => p.Box = new Box(95, 90, 103, 101));
        // 48 pixels at least around (99, 95.5): 75..123 x 71.5..119.5
        Assert.Equal((75, 71, 28, 30), (result.Geometry.Left, result.Geometry.Top, result.Geometry.Width, result.Geometry.Height));
        Assert.Equal(28 * 30, result.Geometry.Area);
    }

    [Fact]
    public void A_click_is_answered_by_a_second_pass_around_the_masks_part_under_it()
    {
        // two parts in the whole frame of 16 x 16 cells; in the crop the same two again
        using var model = Load((x, y) => (x is >= 2 and < 4 && y is >= 2 and < 4) || (x is >= 12 and < 14 && y is >= 12 and < 14));
        using var pixels = new Mat(800, 1600, MatType.CV_8UC3, Scalar.All(80));
        var result = Ask(model, pixels, 1600, 800, p => p.Add(new Click(1250, 650)));
        Assert.True(result.IsZoomed);
        // a stage that did not run has NaN
        Assert.False(double.IsNaN(result.Times[Stage.Decode]), "the decode was timed");
        Assert.False(double.IsNaN(result.Times[Stage.Zoom]), "the zoom was timed");
        // the part lies at 1200..1400 x 600..700; 1.6 times that around its centre: 1140..1460 x 570..730, of which the mask covers cells 2
        // to 14 of 16
        Assert.Equal(1140 + 320 * 2 / 16, result.Geometry.Left, 8.0);
        Assert.Equal(570 + 160 * 2 / 16, result.Geometry.Top, 4.0);
        Assert.Equal(1140 + 320 * 14 / 16, result.Geometry.Left + result.Geometry.Width, 8.0);
        Assert.Equal(570 + 160 * 14 / 16, result.Geometry.Top + result.Geometry.Height, 4.0);
    }

    [Fact]
    public void More_clicks_widen_the_crop_to_all_their_parts()
    {
        using var model = Load((x, y) => y is >= 7 and < 9 && x is (>= 2 and < 4) or (>= 8 and < 10));
        using var pixels = new Mat(1600, 1600, MatType.CV_8UC3, Scalar.All(80));
        var result = Ask(
            model,
            pixels,
            1600,
            1600,
            p =>
            {
                p.Add(new Click(300, 800));
                p.Add(new Click(900, 800));
            }
        );
        Assert.True(result.IsZoomed);
        // parts from 200 to 1000: the crop is 1280 wide around 600, cut at the left edge: 0..1240
        Assert.Equal(1240 * 2 / 16, result.Geometry.Left, 30.0);
        Assert.Equal(1240 * 10 / 16, result.Geometry.Left + result.Geometry.Width, 30.0);
    }

    [Fact]
    public void An_object_that_fills_the_frame_and_a_frame_without_pixels_take_one_pass()
    {
        using var model = Load((x, _) => x < 15);
        using var pixels = new Mat(400, 400, MatType.CV_8UC3, Scalar.All(80));
        var large = Ask(model, pixels, 400, 400, p => p.Add(new Click(200, 200)));
        Assert.False(large.IsZoomed);
        Assert.True(double.IsNaN(large.Times[Stage.Zoom]));
        Assert.Equal(375, large.Geometry.Width, 13.0);
        var gone = Ask(model, null, 400, 400, p => p.Box = new Box(10, 10, 50, 50));
        Assert.False(gone.IsZoomed);
        Assert.Equal(0, gone.Geometry.Left);
        var off = Ask(model, pixels, 400, 400, p => p.Box = new Box(10, 10, 50, 50), isOn: false);
        Assert.False(off.IsZoomed);
        Assert.Equal(400, off.Geometry.Height);
    }

    [Fact]
    public void The_automatic_mode_looks_at_the_salient_blob_and_takes_the_mask_that_fits_it()
    {
        // salient: cells 4 to 8 of 16 in both directions, of which the crop (1.3 times) shows cells 3.4 to 8.6
        var salient = Map((x, y) => x is >= 4 and < 8 && y is >= 4 and < 8);
        float[] masks = [.. Map((_, _) => true), .. Map((x, y) => x is >= 2 and < 14 && y is >= 2 and < 14), .. Map((x, _) => x < 8)];
        using var model = LoadedModel.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(64, 64, masks, [0.9f, 0.85f, 0.8f], salient, 16, 16).ToBytes(), scratch.Path)
        );
        using var pixels = new Mat(480, 480, MatType.CV_8UC3, Scalar.All(80));
        using var zoom = new ZoomSegmenter(model.Segmenter);
        using var whole = model.Segmenter.CreateEmbedding();
        var result = new Segmentation { Times = StageTimes.None };
        model.Segmenter.Encode(pixels, whole, ref result.Times);
        zoom.Auto(pixels, whole, result);
        Assert.True(result.Found);
        Assert.True(result.IsZoomed);
        Assert.Equal(0.85f, result.PredictedIou);
        // crop 102..258; cells 2 to 14 of 16
        Assert.Equal(102 + 156 * 2 / 16.0, result.Geometry.Left, 5.0);
        Assert.Equal(102 + 156 * 14 / 16.0, result.Geometry.Left + result.Geometry.Width, 5.0);
        Assert.Equal(5, result.Prompt.ClickCount);
        Assert.Equal(new Click(180, 180), result.Prompt.Clicks[0]);
    }

    [Fact]
    public void Crops_of_changing_size_allocate_next_to_nothing()
    {
        using var model = Load((x, y) => x is >= 4 and < 8 && y is >= 4 and < 8);
        using var pixels = new Mat(720, 1280, MatType.CV_8UC3, Scalar.All(90));
        using var zoom = new ZoomSegmenter(model.Segmenter);
        using var whole = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        var at = 0;
        Frames();
        var each = Allocations.Least(Frames) / 20;
        Assert.True(each <= 768, $"{each} bytes a frame");

        void Frames()
        {
            for (var i = 0; i < 20; i++)
                Frame();
        }

        void Frame()
        {
            at = (at + 7) % 20;
            model.Segmenter.Encode(pixels, whole, ref result.Times);
            result.Prompt.Clear();
            result.Prompt.Source = PromptSource.Box;
            result.Prompt.Box = new Box(300, 200, 700 + 10 * at, 500 + 5 * at);
            zoom.Decode(pixels, whole, result);
        }
    }

    private static Segmentation Ask(LoadedModel model, Mat? pixels, int width, int height, Action<PromptBuffer> fill, bool isOn = true)
    {
        using var zoom = new ZoomSegmenter(model.Segmenter, isOn);
        using var whole = model.Segmenter.CreateEmbedding();
        using var small = new Mat(64, 64, MatType.CV_8UC3, Scalar.All(80));
        var result = new Segmentation { Times = StageTimes.None };
        model.Segmenter.Encode(small, whole, ref result.Times);
        whole.SetFrameSize(width, height);
        result.Prompt.Source = PromptSource.Click;
        fill(result.Prompt);
        zoom.Decode(pixels, whole, result);
        return result;
    }

    private LoadedModel Load(Func<int, int, bool> mask)
    {
        var one = Map(mask);
        return LoadedModel.Load(
            OnnxGraph.Bundle(
                OnnxGraph.SqueezeSam(64, 64, [.. one, .. one, .. one], [0.9f, 0.8f, 0.7f], one, 16, 16).ToBytes(),
                scratch.Path
            )
        );
    }

    private static float[] Map(Func<int, int, bool> inside) => [.. Enumerable.Range(0, 256).Select(i => inside(i % 16, i / 16) ? 4f : -4f)];
}
