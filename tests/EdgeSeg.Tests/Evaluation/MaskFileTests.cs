using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Evaluation;

/// <summary>Masks of 4x2 pixels in which the second pixel and the last are set.</summary>
public sealed class MaskFileTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly BinaryMask mask = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(1, 255, 255)]
    [InlineData(1, 1, 2)]
    [InlineData(2, 1, 2)]
    [InlineData(2, 256, 65_535)]
    public void Each_value_of_a_label_map_but_0_is_the_object(int bytes, int first, int second)
    {
        using var labels = new Mat(2, 4, bytes == 1 ? MatType.CV_8UC1 : MatType.CV_16UC1, Scalar.All(0));
        labels.Rectangle(new Rect(1, 0, 1, 1), Scalar.All(first), -1);
        labels.Rectangle(new Rect(3, 1, 1, 1), Scalar.All(second), -1);
        AssertObject(Written(labels));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    public void Dark_colours_are_the_object_and_an_alpha_channel_does_not_count(int alpha)
    {
        using var colours = new Mat(2, 4, MatType.CV_8UC4, new Scalar(0, 0, 0, alpha));
        colours.Rectangle(new Rect(1, 0, 1, 1), new Scalar(1, 0, 0, alpha), -1);
        colours.Rectangle(new Rect(3, 1, 1, 1), new Scalar(0, 0, 1, alpha), -1);
        AssertObject(Written(colours));
        using var opaque = new Mat();
        Cv2.CvtColor(colours, opaque, ColorConversionCodes.BGRA2BGR);
        AssertObject(Written(opaque));
    }

    [Theory]
    // colour 0 white and the others black; black and dark; all the same, and colour 0 transparent
    [InlineData(
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACAgMAAAACxpXwAAAADFBMVEX///8AAAAAAAAAAAD4jAJNAAAADElEQVR4nGMQYGACAAA2ABOfKho9AAAAAElFTkSuQmCC"
    )]
    [InlineData(
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACAgMAAAACxpXwAAAADFBMVEUAAAABAAAAAAEAAACaLkSwAAAADElEQVR4nGMQYGACAAA2ABOfKho9AAAAAElFTkSuQmCC"
    )]
    [InlineData(
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACAgMAAAACxpXwAAAADFBMVEUJCQkJCQkJCQkAAABee4zYAAAA"
            + "AXRSTlMAQObYZgAAAAxJREFUeJxjEGBgAgAANgATnyoaPQAAAABJRU5ErkJggg=="
    )]
    public void Each_index_of_a_palette_but_0_is_the_object(string png) =>
        AssertObject(scratch.Write("palette.png", Convert.FromBase64String(png)));

    [Fact]
    public void A_file_that_is_no_mask_of_its_frame_is_refused()
    {
        using var small = new Mat(2, 3, MatType.CV_8UC1, Scalar.All(1));
        var png = File.ReadAllBytes(Written(small));
        Assert.Contains("has 3x2 pixels and its frame 4x2", Refusal(Written(small)));
        Assert.Contains("is not a picture", Refusal(scratch.Write("cut.png", png[..20])));
        Assert.Contains("is not a picture", Refusal(scratch.Write("text.png", "mask"u8.ToArray())));
        Assert.Contains("cannot be read", Refusal(Path.Combine(scratch.Path, "none.png")));
    }

    private string Written(Mat labels)
    {
        Assert.True(Cv2.ImEncode(".png", labels, out var png), "the mask is encoded");
        return scratch.Write("mask.png", png);
    }

    private string Refusal(string path) => Assert.Throws<OperatingException>(() => MaskFile.Read(path, 4, 2, mask)).Message;

    private void AssertObject(string path)
    {
        MaskFile.Read(path, 4, 2, mask);
        var pixels = Enumerable.Range(0, 8).Where(i => mask[i % 4, i / 4]);
        Assert.Equal([1, 7], pixels);
    }
}
