using System.Text;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Evaluation;

/// <summary>One bad photograph or mask does not end a measurement, for <c>eval</c> and <c>model calibrate</c> alike.</summary>
public sealed class CocoPhotosTests : IDisposable
{
    private const string Bad = """{"size": [120, 160], "counts": [1, 2]}""";
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Sizes_come_from_the_photograph_and_its_warning_is_kept()
    {
        var bytes = File.ReadAllBytes(Square("a.jpg"));
        File.WriteAllBytes(Path.Combine(scratch.Path, "a.jpg"), bytes[..^2]);
        var photos = Photos("""{"id": 1, "file_name": "C:\\data\\a.jpg"}""", $"{Object(1, Bad)}, {Object(1, "[[0,0,9,0,9,9]]")}");
        var image = photos.Set.Images[0];
        using (var pixels = photos.Read(ref image))
            Assert.Equal((160, 120), (image.Width, image.Height));
        Assert.Contains("lacks its end-of-image marker", Assert.Single(photos.Warnings));
        var mask = new BinaryMask();
        Assert.Equal([false, true], photos.Set.Annotations.Select(a => photos.TryRasterise(a, image, mask)));
        Assert.StartsWith("RLE that cannot be read", Assert.Single(photos.Set.Unused).Key, StringComparison.Ordinal);
    }

    [Fact]
    public void A_photograph_of_another_size_and_a_missing_folder_are_refused()
    {
        Square("a.png");
        var photos = Photos("""{"id": 1, "file_name": "a.png", "width": 120, "height": 160}""", "");
        var image = photos.Set.Images[0];
        Assert.Contains("upright", Assert.Throws<OperatingException>(() => photos.Read(ref image)).Message);
        Assert.Contains("--images", Assert.Throws<OperatingException>(() => new CocoPhotos(photos.Set, "/nowhere")).Message);
    }

    [Fact]
    public void Calibration_reports_what_it_cannot_use_and_measures_the_rest()
    {
        Square("a.png");
        Photos(
            """{"id": 1, "file_name": "C:\\data\\a.png"}, {"id": 2, "file_name": "missing.png"}""",
            $"{Object(1, Ring, "salient")}, {Object(2, Ring, "salient")}, {Object(1, Bad)}, {Object(1, Ring)}"
        );
        var (code, output, errors) = Calibrate();
        Assert.True(code == 1, errors);
        Assert.Contains("missing.png' does not exist", errors);
        Assert.Contains("1 left out: RLE that cannot be read", errors);
        Assert.Contains("found in 1 of 1 photographs with an object", errors);
        // the salient object and one of the instances are the same thing
        Assert.Contains("% of 1 objects found", errors);
        Assert.Contains("pred_iou_thresh", output);
    }

    [Fact]
    public void Calibration_without_an_object_found_gives_no_thresholds_of_masks()
    {
        Square("a.png");
        Square("b.png");
        Photos(
            """{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}""",
            $"{Object(1, Ring, "salient")}, {Object(2, "[[0,0,9,0,9,9]]")}"
        );
        var (code, output, errors) = Calibrate();
        Assert.True(code == 1, errors);
        Assert.Contains("none of 1 objects on 1 photographs was found", errors);
        Assert.Contains("saliency_mean", output);
        Assert.DoesNotContain("pred_iou_thresh", output);
    }

    [Fact]
    public void Many_missing_photographs_are_a_few_lines_and_the_annotations_stay_as_they_are()
    {
        Square("a.png");
        var missing = string.Concat(Enumerable.Range(2, 25).Select(i => $", {{\"id\": {i}, \"file_name\": \"{i}.png\"}}"));
        var objects = string.Concat(Enumerable.Range(2, 25).Select(i => $", {Object(i, Ring)}"));
        Photos($"{{\"id\": 1, \"file_name\": \"a.png\"}}{missing}", Object(1, Ring) + objects);
        var (code, output, errors) = Run(["eval"]);
        Assert.True(code == 1, errors);
        Assert.Equal(20, errors.Split('\n').Count(line => line.Contains("does not exist", StringComparison.Ordinal)));
        Assert.Contains("and 5 more: 25 photographs could not be measured", errors);
        Assert.Contains("overall", output);

        var annotations = Path.Combine(scratch.Path, "coco.json");
        var before = File.ReadAllText(annotations);
        (code, _, errors) = Run(["eval"], "--json", annotations, "--overwrite");
        Assert.Equal(1, code);
        Assert.Contains("is an input of this run", errors);
        Assert.Equal(before, File.ReadAllText(annotations));
    }

    private const string Ring = "[[60,40,100,40,100,80,60,80]]";

    private (int ExitCode, string Output, string Errors) Calibrate() => Run(["model", "calibrate"], "--points-per-side", "8");

    private (int ExitCode, string Output, string Errors) Run(string[] verb, params string[] more)
    {
        var model = OnnxGraph.Bundle(OnnxGraph.RedSqueezeSam(64).ToBytes(), Path.Combine(scratch.Path, "model"));
        string[] set = ["--annotations", Path.Combine(scratch.Path, "coco.json"), "--images", scratch.Path];
        return Published.Run(Published.Binary, [.. verb, "--model", model, .. set, .. more]);
    }

    private CocoPhotos Photos(string images, string annotations)
    {
        var json = $$"""{"images": [{{images}}], "annotations": [{{annotations}}]}""";
        return new CocoPhotos(CocoSet.Read(scratch.Write("coco.json", Encoding.UTF8.GetBytes(json))), scratch.Path);
    }

    private static string Object(int image, string segmentation, string? kind = null) =>
        $$"""{"image_id": {{image}}, "segmentation": {{segmentation}}, "kind": {{(kind is null ? "null" : $"\"{kind}\"")}}}""";

    /// <summary>A red square in the middle of 160x120 grey pixels.</summary>
    private string Square(string name)
    {
        var path = Path.Combine(scratch.Path, name);
        using var picture = new Mat(120, 160, MatType.CV_8UC3, new Scalar(90, 90, 90));
        Cv2.Rectangle(picture, new Rect(60, 40, 40, 40), new Scalar(40, 40, 220), -1);
        Cv2.ImWrite(path, picture);
        return path;
    }
}
