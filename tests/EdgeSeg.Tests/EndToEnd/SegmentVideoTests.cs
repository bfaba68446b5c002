using System.Text.Json;
using EdgeSeg.Cli;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary><c>edgeseg segment</c> on videos, its minimums, and the list of inputs with nothing in them.</summary>
public sealed class SegmentVideoTests : IDisposable
{
    private const int Frames = 9,
        FramesPerSecond = 5;

    private readonly Scratch scratch = new();
    private readonly string model;

    public SegmentVideoTests()
    {
        model = OnnxGraph.Bundle(OnnxGraph.RedSqueezeSam(64).ToBytes(), Path.Combine(scratch.Path, "model"));
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Every_second_frame_gives_a_line_a_mask_and_a_picture_of_the_overlay_video()
    {
        var clip = Clip(i => i == 5 ? 0 : 30);
        var empty = Path.Combine(scratch.Path, "empty.txt");
        var result = Path.Combine(scratch.Path, "out");
        var (code, output, errors) = Run(clip, "--every", "2", "--format", "json,png,overlay", "--out", result, "--list-empty", empty);
        Assert.True(code == 0, errors);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var api = AsyncApi.Load();
        Assert.All(lines, line => Assert.Empty(api.Errors("Mask", line)));
        JsonElement[] masks = [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([1, 3, 5, 7, 9], masks.Select(m => m.GetProperty("video").GetProperty("frame").GetInt32()));
        Assert.Equal([0, 0.4, 0.8, 1.2, 1.6], masks.Select(m => m.GetProperty("video").GetProperty("time_s").GetDouble()));
        Assert.Equal([true, true, false, true, true], masks.Select(m => m.GetProperty("found").GetBoolean()));
        Assert.Equal($"{clip}\t5\n", File.ReadAllText(empty));
        Assert.Contains($"5 photographs and frames: 4 with an object, 1 with nothing found ({clip} frame 5)", errors);
        var folder = Path.Combine(result, "clip-masks");
        Assert.Equal(
            ["000001.png", "000003.png", "000005.png", "000007.png", "000009.png"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal(Path.Combine(folder, "000003.png"), masks[1].GetProperty("outputs")[0].GetString());
        using (var png = Cv2.ImRead(Path.Combine(folder, "000003.png"), ImreadModes.Grayscale))
            Assert.Equal(masks[1].GetProperty("area").GetInt32(), Cv2.CountNonZero(png));
        using var overlay = new VideoFrames(Path.Combine(result, "clip-overlay.avi"));
        Assert.Equal(FramesPerSecond / 2.0, overlay.Fps, 0.01);
        var pictures = 0;
        while (overlay.Read() is { } picture)
        {
            picture.Dispose();
            pictures++;
        }

        Assert.Equal(5, pictures);
    }

    [Fact]
    public void Results_of_a_video_are_replaced_only_when_asked_for_and_do_not_mix()
    {
        var clip = Clip(_ => 30);
        string[] arguments = [clip, "--format", "png", "--out", Path.Combine(scratch.Path, "out")];
        Assert.Equal(0, Run(arguments).ExitCode);
        Assert.Contains("--overwrite", Run(arguments).Errors);
        Assert.Equal(0, Run([.. arguments, "--overwrite", "--every", "4"]).ExitCode);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(scratch.Path, "out", "clip-masks")).Length);

        // a mask that is an input of the run stays, also where its folder would be cleared
        var mask = Path.Combine(scratch.Path, "out", "clip-masks", "000001.png");
        Assert.Contains("is an input of this run", Run([.. arguments, mask, "--overwrite"]).Errors);
        Assert.True(File.Exists(mask), "the input is there");
    }

    [Fact]
    public void Photographs_and_videos_of_one_run_are_counted_together()
    {
        var clip = Clip(_ => 30);
        var grey = Square("grey.png", 0);
        var (code, output, errors) = Run(grey, clip, Square("red.png", 30), "--every", "4");
        Assert.True(code == 0, errors);
        Assert.Equal(5, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains($"5 photographs and frames: 4 with an object, 1 with nothing found ({grey})", errors);
        Assert.Contains("no video is named", Run(grey, "--every", "4").Errors);
    }

    [Fact]
    public void A_run_that_gives_nothing_leaves_the_results_of_the_one_before()
    {
        var result = Path.Combine(scratch.Path, "out");
        string[] arguments = [Clip(_ => 30), "--out", result, "--overwrite"];
        Assert.Equal(0, Run([.. arguments, "--follow", "--format", "overlay"]).ExitCode);
        Assert.Equal(0, Run([.. arguments, "--format", "png"]).ExitCode);
        Assert.Contains("5000", Run([.. arguments, "--format", "png,overlay", "--click", "5000,20"]).Errors);
        Assert.Equal(Frames, Directory.GetFiles(Path.Combine(result, "clip-masks")).Length);
        var overlay = Path.Combine(result, "clip-overlay.avi");
        var before = File.ReadAllBytes(overlay);
        Clip(_ => 0);
        var (code, _, errors) = Run([.. arguments, "--follow", "--format", "overlay"]);
        Assert.Equal(1, code);
        Assert.Contains("no object in the first frame", errors);
        Assert.Equal(before, File.ReadAllBytes(overlay));
    }

    [Fact]
    public void Masks_below_the_minimums_count_as_not_found()
    {
        var (small, large) = (Square("small.png", 30), Square("large.png", 90));
        var share = 30.0 * 30 / (160 * 120);
        foreach (
            var (option, value, reason) in new[] { ("--min-area", 2 * share, "below_min_area"), ("--min-score", 1.0, "below_min_score") }
        )
        {
            var (code, output, errors) = Run(small, option, FormattableString.Invariant($"{value}"));
            Assert.True(code == 0, errors);
            using var json = JsonDocument.Parse(output);
            Assert.False(json.RootElement.GetProperty("found").GetBoolean());
            Assert.Equal(reason, json.RootElement.GetProperty("reason").GetString());
        }

        var list = Path.Combine(scratch.Path, "empty.txt");
        var (_, masks, text) = Run(small, large, "--min-area", FormattableString.Invariant($"{2 * share}"), "--list-empty", list);
        Assert.Equal(2, masks.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal($"{small}\n", File.ReadAllText(list));
        Assert.Contains($"2 photographs: 1 with an object, 1 with nothing found ({small})", text);
        Assert.Contains("--overwrite", Run(small, "--list-empty", list).Errors);
        Assert.Contains("is an input of this run", Run(small, "--list-empty", small, "--overwrite").Errors);
        Assert.Contains("--min-area must be 0..1", Run(small, "--min-area", "30").Errors);
    }

    [Fact]
    public void Each_ring_of_a_polygon_states_whether_it_is_a_hole()
    {
        var path = Path.Combine(scratch.Path, "ring.png");
        using (var picture = new Mat(120, 160, MatType.CV_8UC3, new Scalar(90, 90, 90)))
        {
            Cv2.Rectangle(picture, new Rect(30, 20, 90, 80), new Scalar(40, 40, 220), -1);
            Cv2.Rectangle(picture, new Rect(60, 45, 30, 30), new Scalar(90, 90, 90), -1);
            Cv2.ImWrite(path, picture);
        }

        var (code, output, errors) = Run(path, "--format", "polygon");
        Assert.True(code == 0, errors);
        using var json = JsonDocument.Parse(output);
        var polygon = json.RootElement.GetProperty("polygon");
        Assert.Equal([false, true], polygon.GetProperty("holes").EnumerateArray().Select(h => h.GetBoolean()));
        Assert.Equal(2, polygon.GetProperty("rings").GetArrayLength());
    }

    [Fact]
    public void Clicks_and_masks_are_in_displayed_pixels_and_the_png_has_one_bit()
    {
        // stored 160x120 with the square at the left; orientation 6 shows it 120x160 with the square at the top
        using var stored = new Mat(120, 160, MatType.CV_8UC3, new Scalar(90, 90, 90));
        Cv2.Rectangle(stored, new Rect(10, 40, 40, 40), new Scalar(40, 40, 220), -1);
        Assert.True(Cv2.ImEncode(".jpg", stored, out var jpeg));
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*\0\0\0\b"u8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
        var path = scratch.Write("phone.jpg", [.. jpeg[..2], .. exif, .. jpeg[2..]]);
        var (code, output, errors) = Run(path, "--click", "60,30", "--format", "json,png", "--out", scratch.Path);
        Assert.True(code == 0, errors);
        using var json = JsonDocument.Parse(output);
        Assert.Equal("[120,160]", json.RootElement.GetProperty("image").GetRawText());
        Assert.Equal("[60,30]", json.RootElement.GetProperty("prompt").GetProperty("clicks")[0].GetRawText());
        var centre = json.RootElement.GetProperty("centroid");
        Assert.Equal(60, centre[0].GetDouble(), 4.0);
        Assert.Equal(30, centre[1].GetDouble(), 4.0);
        var png = File.ReadAllBytes(Path.Combine(scratch.Path, "phone-mask.png"));
        // width, height, bit depth, colour type of the header
        Assert.Equal([0, 0, 0, 120, 0, 0, 0, 160, 1, 0], png[16..26]);
    }

    private (int ExitCode, string Output, string Errors) Run(params string[] arguments) =>
        Published.Run(Published.Binary, ["segment", "--model", model, "--no-zoom", .. arguments]);

    private string Square(string name, int side)
    {
        var path = Path.Combine(scratch.Path, name);
        using var picture = Picture(side);
        Cv2.ImWrite(path, picture);
        return path;
    }

    /// <summary>A video with a red square of the side that each frame, counted from 1, is given; 0: none.</summary>
    private string Clip(Func<int, int> side)
    {
        var path = Path.Combine(scratch.Path, "clip.avi");
        using var avi = new MjpegAvi(path, FramesPerSecond, mayReplace: true);
        for (var i = 1; i <= Frames; i++)
        {
            using var picture = Picture(side(i));
            avi.Add(picture);
        }

        return path;
    }

    private static Mat Picture(int side)
    {
        var picture = new Mat(120, 160, MatType.CV_8UC3, new Scalar(90, 90, 90));
        if (side > 0)
            Cv2.Rectangle(picture, new Rect(80 - side / 2, 60 - side / 2, side, side), new Scalar(40, 40, 220), -1);
        return picture;
    }
}
