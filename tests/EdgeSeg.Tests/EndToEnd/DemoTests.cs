using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>The main job: the published binary's own demo.</summary>
public class DemoTests
{
    [Fact]
    public void The_shipped_photographs_come_through_the_broker_as_masks()
    {
        using var scratch = new Scratch();
        var (code, output, errors) = Published.Run(Published.Binary, ["demo", "--out", scratch.Path]);
        Assert.True(code == 0, output + errors);
        var photos = Directory.GetFiles(Path.Combine(Published.Folder, "demo"), "*.jpg");
        Assert.Contains($"{photos.Length} masks of {photos.Length} photographs came through the broker", output);
        foreach (var photo in photos)
        {
            var line = Assert.Single(output.Split('\n'), l => l.StartsWith(Path.GetFileName(photo), StringComparison.Ordinal));
            Assert.Matches(
                @"score 0\.\d\d +area [\d.]+ % +clicks (\d+,\d+ ){5} ms: capture .* "
                    + @"saliency [\d.]+ clicks [\d.]+ (decode|crop [\d.]+ zoom) [\d.]+ mask [\d.]+",
                line
            );
            using var frame = Cv2.ImRead(photo);
            using var overlay = Cv2.ImRead(Path.Combine(scratch.Path, Path.GetFileNameWithoutExtension(photo) + "-overlay.png"));
            Assert.Equal(frame.Size(), overlay.Size());
            using var difference = new Mat();
            Cv2.Absdiff(frame, overlay, difference);
            Assert.True(Cv2.Mean(difference).Val0 > 1, "nothing was drawn");
        }

        Assert.Contains(scratch.Path, output);
        Assert.Equal("", errors);
    }

    [Fact]
    public void The_cat_is_found_where_it_is()
    {
        // the cat's face fills the photograph but for strips at the right and the top left: read off the picture by hand
        using var scratch = new Scratch();
        var (code, output, _) = Published.Run(
            Published.Binary,
            ["segment", Path.Combine(Published.Folder, "demo/chelsea.jpg"), "--format", "json,png", "--out", scratch.Path]
        );
        Assert.Equal(0, code);
        using var mask = Cv2.ImRead(Path.Combine(scratch.Path, "chelsea-mask.png"), ImreadModes.Grayscale);
        foreach (var (x, y) in new[] { (150, 95), (290, 110), (230, 200), (120, 220), (300, 220) })
            Assert.Equal(255, mask.At<byte>(y, x));
        foreach (var (x, y) in new[] { (440, 60), (440, 280), (430, 150), (8, 60) })
            Assert.Equal(0, mask.At<byte>(y, x));
        Assert.Contains("\"found\":true", output);
    }

    [Fact]
    public void A_folder_without_photographs_is_an_error_that_says_so()
    {
        using var scratch = new Scratch();
        scratch.Write("pictures/readme.txt", [1]);
        var (code, _, errors) = Published.Run(
            Published.Binary,
            ["demo", "--images", Path.Combine(scratch.Path, "pictures"), "--out", scratch.Path]
        );
        Assert.Equal(1, code);
        Assert.Contains("holds no photograph", errors);
    }
}
