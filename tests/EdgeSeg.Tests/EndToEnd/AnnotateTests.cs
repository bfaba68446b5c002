using System.Text.Json;
using EdgeSeg.Annotation;
using EdgeSeg.Evaluation;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary><c>edgeseg annotate</c> as published: each export is read back.</summary>
public sealed class AnnotateTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly string photos;

    public AnnotateTests()
    {
        photos = Path.Combine(scratch.Path, "photos");
        Directory.CreateDirectory(Path.Combine(photos, "more"));
        foreach (var name in (string[])["coffee.jpg", "chelsea.jpg", "astronaut.jpg"])
            File.Copy(Path.Combine(Published.Folder, "demo", name), Path.Combine(photos, name));
        File.Copy(Path.Combine(Published.Folder, "demo", "rocket.jpg"), Path.Combine(photos, "more", "coffee.jpg"));
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Coco_is_read_back_and_a_second_run_does_nothing_again()
    {
        var result = Path.Combine(scratch.Path, "out");
        var broken = scratch.Write("photos/broken.jpg", [1, 2, 3]);
        var (code, _, errors) = Run(photos, "--out", result);
        Assert.Equal(1, code);
        Assert.Contains(broken, errors);
        Assert.Contains("5 photographs: 4 with 4 objects, 0 with nothing found, 1 unreadable", errors);
        var set = CocoSet.Read(Path.Combine(result, "annotations.json"));
        Assert.Empty(set.Unused);
        Assert.Equal(["astronaut.jpg", "chelsea.jpg", "coffee.jpg", "more/coffee.jpg"], set.Images.Select(i => i.FileName));
        var mask = new BinaryMask();
        Assert.All(
            set.Annotations,
            a =>
            {
                a.Rasterise(set.Images[a.ImageId], new RunLength(), mask);
                Assert.True(mask.Area() > 1000, a.Id);
            }
        );
        var journal = Path.Combine(result, AnnotationJournal.FileName);
        var lines = File.ReadAllLines(journal);
        File.Copy(Path.Combine(photos, "coffee.jpg"), broken, overwrite: true);
        (code, _, errors) = Run(photos, "--out", result);
        Assert.True(code == 0, errors);
        Assert.Equal([.. lines, File.ReadAllLines(journal)[^1]], File.ReadAllLines(journal));
        Assert.Equal(5, CocoSet.Read(Path.Combine(result, "annotations.json")).Annotations.Count);
        Assert.Contains("choose another --out", Run(photos, "--out", result, "--export", "cutout").Errors);
        Assert.Contains("choose another --out", Run(photos, "--out", result, "--min-score", "0.9").Errors);
        Assert.Contains("choose another --out", Run(photos, "--out", photos).Errors);
    }

    [Fact]
    public async Task Shards_of_three_processes_merge_into_the_export_of_one()
    {
        Assert.Equal(0, Run(photos, "--out", Path.Combine(scratch.Path, "all"), "--export", "labelmap").ExitCode);
        string[] parts = [.. Enumerable.Range(1, 3).Select(i => Path.Combine(scratch.Path, $"part{i}"))];
        var codes = await Task.WhenAll(
            parts.Select((part, i) => Task.Run(() => Run(photos, "--out", part, "--export", "labelmap", "--shard", $"{i + 1}/3").ExitCode))
        );
        Assert.Equal([0, 0, 0], codes);
        var merged = Path.Combine(scratch.Path, "merged");
        Assert.Contains("shard 2/3 is missing", Run("--merge", parts[0], parts[2], "--out", merged).Errors);
        Assert.Equal(0, Run("--merge", parts[0], parts[1], parts[2], "--out", merged).ExitCode);
        foreach (var map in Directory.GetFiles(Path.Combine(scratch.Path, "all", "labelmaps"), "*", SearchOption.AllDirectories))
            Assert.Equal(File.ReadAllBytes(map), File.ReadAllBytes(map.Replace("/all/", "/merged/", StringComparison.Ordinal)));
        using var labels = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(merged, "labels.json")));
        Assert.Equal(4, labels.RootElement.EnumerateObject().Count());
        using var picture = Cv2.ImRead(Path.Combine(merged, "labelmaps", "coffee.jpg.png"), ImreadModes.Unchanged);
        Assert.Equal(MatType.CV_16UC1, picture.Type());
        Cv2.MinMaxLoc(picture, out double least, out double greatest);
        Assert.Equal((0, 1), (least, greatest));
    }

    [Fact]
    public void Boxes_of_a_detector_become_masks_with_their_labels()
    {
        var boxes = scratch.Write("boxes.csv", "chelsea.jpg,100,20,420,290,cat\nmore/coffee.jpg,200,40,440,380,rocket\n"u8.ToArray());
        var result = Path.Combine(scratch.Path, "out");
        var (code, output, errors) = Run(photos, "--prompts", boxes, "--export", "yolo-seg", "--out", result, "--list-empty", "-");
        Assert.True(code == 0, errors);
        Assert.Equal("astronaut.jpg\ncoffee.jpg\n", output);
        Assert.Equal("0", File.ReadAllText(Path.Combine(result, "labels", "chelsea.txt")).Split(' ')[0]);
        var line = File.ReadAllText(Path.Combine(result, "labels", "more", "coffee.txt")).TrimEnd('\n').Split(' ');
        Assert.Equal("1", line[0]);
        // the class, then at least four points
        Assert.Equal(1, line.Length % 2);
        Assert.InRange(line.Length, 8, int.MaxValue);
        Assert.Equal("", File.ReadAllText(Path.Combine(result, "labels", "astronaut.txt")));
        Assert.Contains("  1: \"rocket\"", File.ReadAllText(Path.Combine(result, "data.yaml")));
        Assert.True(File.Exists(Path.Combine(result, "images", "more", "coffee.jpg")));
    }

    [Fact]
    public void The_list_of_what_has_nothing_is_written_over_no_input_and_needs_a_name()
    {
        var boxes = scratch.Write("boxes.csv", "chelsea.jpg,100,20,420,290,cat\n"u8.ToArray());
        var own = Path.Combine(scratch.Path, "out", "annotations.json");
        foreach (var name in new[] { boxes, "", scratch.Write("notes.md", [1]), own })
        {
            string[] arguments = [photos, "--prompts", boxes, "--export", "coco", "--out", Path.Combine(scratch.Path, "out")];
            var (code, _, errors) = Run([.. arguments, "--list-empty", name]);
            Assert.Equal(2, code);
            Assert.Contains("--list-empty", errors);
        }

        Assert.Equal("chelsea.jpg,100,20,420,290,cat\n", File.ReadAllText(boxes));
        Assert.Equal(1, new FileInfo(Path.Combine(scratch.Path, "notes.md")).Length);
        Assert.False(Directory.Exists(Path.Combine(scratch.Path, "out")), "nothing was annotated");
        // the same run replaces its own list
        string[] again = [photos, "--prompts", boxes, "--out", Path.Combine(scratch.Path, "out"), "--list-empty"];
        var list = Path.Combine(scratch.Path, "empty.list");
        Assert.Equal(0, Run([.. again, list]).ExitCode);
        Assert.Equal(0, Run([.. again, list]).ExitCode);
        Assert.Equal("astronaut.jpg\ncoffee.jpg\nmore/coffee.jpg\n", File.ReadAllText(list));
        Assert.Equal(0, Run([.. again, "/dev/null"]).ExitCode);
    }

    [Fact]
    public void What_was_left_out_or_could_only_just_be_read_is_reported_and_a_merge_takes_no_other_option()
    {
        var picture = File.ReadAllBytes(Path.Combine(photos, "chelsea.jpg"));
        scratch.Write("few/cut.jpg", picture[..^2]);
        scratch.Write("few/phone.HEIC", [1]);
        var boxes = scratch.Write("boxes.csv", "cut.jpg,100,20,420,290,cat\ncut.jpg,9000,20,9420,290,cat\n"u8.ToArray());
        var few = Path.Combine(scratch.Path, "few");
        var result = Path.Combine(few, "out");
        for (var run = 0; run < 2; run++)
        {
            var (code, _, errors) = Run(few, "--prompts", boxes, "--out", result);
            Assert.True(code == 0, errors);
            Assert.Equal(run == 0, errors.Contains("lacks its end-of-image marker", StringComparison.Ordinal));
            Assert.Equal(run == 1, errors.Contains("1 folder with results of 'edgeseg annotate' was left out", StringComparison.Ordinal));
            Assert.Contains("1 file of other kinds was left out (phone.HEIC)", errors);
            Assert.Contains("1 boxes of --prompts have no part in their photographs", errors);
            Assert.Contains("1 photographs: 1 with 1 objects", errors);
        }
        var merge = Run("--merge", result, "--out", Path.Combine(scratch.Path, "merged"), "--export", "cutout");
        Assert.Equal(2, merge.ExitCode);
        Assert.Contains("leave --export out", merge.Errors);
        Assert.Equal(2, Run(photos, "--out", "").ExitCode);
    }

    [Fact]
    public void A_cut_out_has_the_object_s_pixels_and_alpha()
    {
        var result = Path.Combine(scratch.Path, "out");
        Assert.Equal(0, Run(Path.Combine(photos, "coffee.jpg"), "--export", "cutout", "--out", result).ExitCode);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(result, "cutouts"), "*", SearchOption.AllDirectories));
        using var cutout = Cv2.ImRead(file, ImreadModes.Unchanged);
        Assert.Equal(MatType.CV_8UC4, cutout.Type());
        var photo = Assert.Single(AnnotationJournal.Read(result));
        Assert.Equal((photo.Objects[0].Box[2], photo.Objects[0].Box[3]), (cutout.Cols, cutout.Rows));
        var (opaque, _) = Alpha(cutout);
        Assert.Equal(photo.Objects[0].Area, opaque);
    }

    private static (int Opaque, int Clear) Alpha(Mat picture)
    {
        var opaque = 0;
        var (rows, columns) = (picture.Rows, picture.Cols);
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < columns; x++)
                opaque += picture.At<Vec4b>(y, x).Item3 == 255 ? 1 : 0;
        }
        return (opaque, rows * columns - opaque);
    }

    private static (int ExitCode, string Output, string Errors) Run(params string[] arguments) =>
        Published.Run(Published.Binary, ["annotate", .. arguments]);
}
