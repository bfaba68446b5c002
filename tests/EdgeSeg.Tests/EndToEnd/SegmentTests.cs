using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary><c>edgeseg segment</c> as published, on good and bad input.</summary>
public sealed class SegmentTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private static string Photo(string name) => Path.Combine(Published.Folder, "demo", name);

    [Fact]
    public void Lines_keep_to_the_schema_of_the_mqtt_message()
    {
        var (code, output, errors) = Run(Photo("coffee.jpg"), Photo("rocket.jpg"), "--format", "polygon");
        Assert.True(code == 0, errors);
        var api = AsyncApi.Load();
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Empty(api.Errors("Mask", line)));
        Assert.Contains("\"polygon\":{", lines[0]);
    }

    [Fact]
    public void The_png_holds_the_pixels_of_the_run_lengths()
    {
        var (_, output, _) = Run(Photo("coffee.jpg"), "--format", "json,png,overlay", "--out", scratch.Path);
        using var json = JsonDocument.Parse(output);
        var mask = json.RootElement.GetProperty("mask");
        var decoded = new BinaryMask();
        Assert.True(new RunLength().TryDecode(mask.GetProperty("counts").GetString()!, 600, 400, decoded, out var problem), problem);
        using var png = Cv2.ImRead(Path.Combine(scratch.Path, "coffee-mask.png"), ImreadModes.Grayscale);
        var fromPng = new BinaryMask();
        MaskMat.FromMat(png, fromPng);
        Assert.Equal(1, BinaryMask.Iou(decoded, fromPng));
        Assert.Equal(json.RootElement.GetProperty("area").GetInt32(), decoded.Area());
        Assert.True(File.Exists(Path.Combine(scratch.Path, "coffee-overlay.png")));
    }

    [Fact]
    public void A_click_and_a_box_choose_the_object()
    {
        var (code, output, errors) = Run(Photo("astronaut.jpg"), "--click", "440,150");
        Assert.True(code == 0, errors);
        using var click = JsonDocument.Parse(output);
        Assert.Equal("click", click.RootElement.GetProperty("prompt").GetProperty("source").GetString());
        // the model rocket is in the upper right quarter; automatic mode selects the astronaut
        Assert.True(click.RootElement.GetProperty("centroid")[0].GetDouble() > 330, output[..400]);
        (_, output, _) = Run(Photo("astronaut.jpg"), "--box", "380,10,512,260");
        using var box = JsonDocument.Parse(output);
        Assert.Equal(
            [380, 10, 512, 260],
            box.RootElement.GetProperty("prompt").GetProperty("box").EnumerateArray().Select(v => v.GetDouble())
        );
        Assert.True(box.RootElement.GetProperty("centroid")[0].GetDouble() > 380);
    }

    [Fact]
    public void Everything_gives_a_line_for_each_mask_and_says_why_when_none_passed()
    {
        var (code, output, errors) = Run(Photo("coffee.jpg"), "--everything", "--grid", "8");
        Assert.True(code == 0, errors);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.Contains($"coffee.jpg: {lines.Length} masks from 64 points", errors);
        Assert.DoesNotContain("no mask passed", errors);
        (_, _, errors) = Run(Photo("coffee.jpg"), "--everything", "--grid", "2", "--stability-score-thresh", "1");
        Assert.Contains("coffee.jpg: 0 masks from 4 points", errors);
        Assert.Contains("no mask passed --pred-iou-thresh and --stability-score-thresh, or", errors);
    }

    [Fact]
    public void A_bad_photograph_is_named_and_the_others_are_still_done()
    {
        var empty = scratch.Write("empty.jpg", []);
        var text = scratch.Write("text.jpg", "no picture"u8.ToArray());
        var cut = scratch.Write("cut.jpg", File.ReadAllBytes(Photo("coffee.jpg"))[..20_000]);
        var tiny = Picture("tiny.png", 1, 1);
        var missing = Path.Combine(scratch.Path, "missing.png");
        var (code, output, errors) = Run(empty, text, cut, tiny, missing, Photo("coffee.jpg"));
        Assert.Equal(1, code);
        Assert.Contains("coffee.jpg", Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var bad in new[] { empty, text, cut, tiny, missing })
            Assert.Single(
                lines,
                l => l.StartsWith("edgeseg: ", StringComparison.Ordinal) && l.Contains($"'{bad}'", StringComparison.Ordinal)
            );
        Assert.DoesNotContain("   at ", errors);
    }

    [Fact]
    public void A_picture_too_large_for_memory_is_refused_before_it_is_decoded()
    {
        // a PNG that states 20000x20000 and holds hardly anything
        using var large = new Mat(20000, 20000, MatType.CV_8UC1, Scalar.All(0));
        var path = Path.Combine(scratch.Path, "large.png");
        Cv2.ImWrite(path, large);
        var (code, _, errors) = Run(path);
        Assert.Equal(1, code);
        Assert.Contains("20000x20000", errors);
    }

    [Theory]
    [InlineData(2, "must be X,Y", "--click", "1")]
    [InlineData(2, "must be X,Y", "--click", "a,b")]
    [InlineData(2, "has no area", "--box", "10,10,10,20")]
    [InlineData(2, "must be X0,Y0,X1,Y1", "--box", "1,2,3")]
    [InlineData(2, "--format gif", "--format", "gif")]
    [InlineData(2, "--threads must be", "--threads", "-1")]
    [InlineData(1, "outside the picture of 600x400", "--click", "601,10")]
    [InlineData(1, "outside the picture of 600x400", "--box", "10,10,700,20")]
    [InlineData(1, "is not a folder", "--model", "/nowhere")]
    public void Wrong_usage_is_reported_in_one_sentence(int code, string reason, params string[] options)
    {
        var (exit, output, errors) = Run([Photo("coffee.jpg"), .. options]);
        Assert.Equal(code, exit);
        Assert.Contains(reason, errors);
        Assert.Equal("", output);
        Assert.DoesNotContain("   at ", errors);
    }

    [Fact]
    public void A_model_that_gives_no_numbers_is_refused()
    {
        var graph = OnnxGraph.SqueezeSam(32, 32, [.. Enumerable.Repeat(float.NaN, 48)], [1, 1, 1], [.. Enumerable.Repeat(2f, 16)], 4, 4);
        var (code, output, errors) = Run(
            Photo("coffee.jpg"),
            "--model",
            OnnxGraph.Bundle(graph.ToBytes(), Path.Combine(scratch.Path, "nan"))
        );
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Contains("values that are not numbers", errors);
    }

    [Fact]
    public void Nothing_salient_gives_a_line_without_a_mask()
    {
        var (code, output, _) = Run(Picture("grey.png", 64, 48));
        using var json = JsonDocument.Parse(output);
        Assert.Equal(0, code);
        if (!json.RootElement.GetProperty("found").GetBoolean())
        {
            Assert.NotEqual("", json.RootElement.GetProperty("reason").GetString());
            Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("mask").ValueKind);
        }

        Assert.Empty(AsyncApi.Load().Errors("Mask", output));
    }

    [Fact]
    public void Names_depend_on_the_paths_and_not_on_what_can_be_read()
    {
        foreach (var folder in (string[])["a", "b"])
            Directory.CreateDirectory(Path.Combine(scratch.Path, folder));
        var broken = Path.Combine(scratch.Path, "a", "1.jpg");
        var sound = Path.Combine(scratch.Path, "b", "1.jpg");
        File.WriteAllText(broken, "no picture");
        File.Copy(Photo("coffee.jpg"), sound);
        var result = Path.Combine(scratch.Path, "out");
        var (code, output, errors) = Run(broken, sound, "--format", "png,json", "--out", result);
        Assert.Equal(1, code);
        Assert.Contains(broken, errors);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(sound, json.RootElement.GetProperty("file").GetString());
        var mask = Path.Combine(result, "b", "1-mask.png");
        Assert.Equal([mask], json.RootElement.GetProperty("outputs").EnumerateArray().Select(o => o.GetString()));
        Assert.Equal([mask], Directory.GetFiles(result, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_photograph_that_has_the_name_of_a_result_is_not_written()
    {
        var photo = Path.Combine(scratch.Path, "cat.jpg");
        var second = Path.Combine(scratch.Path, "cat-mask.png");
        File.Copy(Photo("coffee.jpg"), photo);
        using (var picture = Cv2.ImRead(Photo("rocket.jpg")))
            Cv2.ImWrite(second, picture);
        var before = File.ReadAllBytes(second);
        foreach (
            var more in (string[][])
                [
                    [],
                    ["--overwrite"],
                ]
        )
        {
            var (code, output, errors) = Run([photo, second, "--format", "png", "--out", scratch.Path, .. more]);
            Assert.Equal(1, code);
            Assert.Contains("is an input of this run", errors);
            Assert.Equal("", output);
        }
        Assert.Equal(before, File.ReadAllBytes(second));
    }

    [Fact]
    public void A_file_of_an_earlier_run_is_replaced_only_when_asked_for()
    {
        string[] arguments = [Photo("coffee.jpg"), "--format", "png", "--out", scratch.Path];
        var mask = Path.Combine(scratch.Path, "coffee-mask.png");
        File.WriteAllText(mask, "mine");
        var (code, _, errors) = Run(arguments);
        Assert.Equal(1, code);
        Assert.Contains("--overwrite", errors);
        Assert.Equal("mine", File.ReadAllText(mask));
        Assert.Equal(0, Run([.. arguments, "--overwrite"]).ExitCode);
        Assert.True(new FileInfo(mask).Length > 100);
    }

    [Fact]
    public void An_empty_path_and_a_video_are_reported_and_the_others_segmented()
    {
        var video = Path.Combine(scratch.Path, "clip.mp4");
        File.WriteAllBytes(video, [0, 0, 0, 24, .. "ftypisom"u8, .. new byte[64]]);
        var (code, output, errors) = Run("", video, Photo("coffee.jpg"));
        Assert.Equal(1, code);
        Assert.Contains("an empty path", errors);
        Assert.Contains($"video '{video}' cannot be read", errors);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static (int ExitCode, string Output, string Errors) Run(params string[] arguments) =>
        Published.Run(Published.Binary, ["segment", .. arguments]);

    private string Picture(string name, int width, int height)
    {
        using var picture = new Mat(height, width, MatType.CV_8UC3, Scalar.All(90));
        var path = Path.Combine(scratch.Path, name);
        Cv2.ImWrite(path, picture);
        return path;
    }
}
