using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision;

/// <summary>Runs samples/Segment, which uses the public API only, as a program of its own.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void The_sample_segments_a_photograph_and_writes_its_files()
    {
        var outFolder = Path.Combine(scratch.Path, "out");
        var (code, output, errors) = Run(Repository.PathOf("deploy/demo/chelsea.jpg"), outFolder);
        Assert.True(code == 0, $"exit code {code}: {output}{errors}");
        Assert.Contains("object: score 0.", output);

        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(outFolder, "mask.json")));
        var mask = new BinaryMask();
        Assert.True(
            new RunLength().TryDecode(json.RootElement.GetProperty("counts").GetString()!, 451, 300, mask, out var problem),
            problem
        );
        // the cat is in the middle of the photograph and covers a large part of it
        Assert.True(mask[225, 180], "the middle of the cat's face is in the mask");
        Assert.InRange(mask.Area(), 0.2 * 451 * 300, 0.8 * 451 * 300);

        using var png = Cv2.ImRead(Path.Combine(outFolder, "mask.png"), ImreadModes.Grayscale);
        Assert.Equal(mask.Area(), Cv2.CountNonZero(png));
        using var overlay = Cv2.ImRead(Path.Combine(outFolder, "overlay.png"));
        Assert.Equal(new Size(451, 300), overlay.Size());
    }

    [Fact]
    public void A_click_outside_the_photograph_is_one_line_of_error()
    {
        var (code, _, errors) = Run(Repository.PathOf("deploy/demo/chelsea.jpg"), scratch.Path, "5000", "10");
        Assert.Equal(1, code);
        Assert.Equal("click 5000,10 is outside the picture of 451x300 pixels", errors.Trim());
    }

    [Fact]
    public void A_file_that_is_not_a_photograph_is_one_line_of_error()
    {
        var (code, _, errors) = Run(Repository.PathOf("LICENSE"), scratch.Path);
        Assert.Equal(1, code);
        Assert.StartsWith("the picture is empty: Cv2.ImRead gives an empty one", errors);
    }

    private static (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        // built in the configuration of the tests, whose folder ends in <configuration>/<framework>
        var build = new DirectoryInfo(AppContext.BaseDirectory);
        var sample = Repository.PathOf($"samples/Segment/bin/{build.Parent!.Name}/{build.Name}/Segment.dll");
        Assert.True(File.Exists(sample), $"{sample} is missing: build tests/EdgeSeg.Vision.Tests, which builds the sample too");
        return Published.Run("dotnet", [sample, Repository.PathOf("models/squeezesam"), .. arguments]);
    }
}
