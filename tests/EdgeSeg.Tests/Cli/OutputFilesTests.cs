using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Cli;

/// <summary>Names of result files, and which old ones are removed.</summary>
public sealed class OutputFilesTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Only_masks_of_this_program_are_removed_from_the_folder_of_a_video()
    {
        var mask = new BinaryMask();
        mask.Reset(20, 10);
        var png = MaskMat.ToPng(mask);
        using var photo = new Mat(10, 20, MatType.CV_8UC3, Scalar.All(80));
        Assert.True(Cv2.ImEncode(".png", photo, out var own));
        foreach (var name in new[] { "000001.png", "1000000.png", "20240101.png", "0000001.png", "12.png" })
            scratch.Write("clip-masks/" + name, png);
        scratch.Write("clip-masks/000003.png", own);
        scratch.Write("clip-masks/000004.png", []);
        var folder = Path.Combine(scratch.Path, "clip-masks");
        OutputFiles.ClearNumbered(folder);
        Assert.Equal(
            ["0000001.png", "000003.png", "000004.png", "12.png", "20240101.png"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_folder_gives_its_name_to_the_result_with_or_without_a_slash()
    {
        foreach (var input in new[] { "frames", "frames/", "./frames//" })
            Assert.Equal(["out/frames-overlay.avi"], new OutputFiles("out", [input], _ => ["-overlay.avi"], mayOverwrite: false).For(0));
    }

    [Fact]
    public void A_file_that_is_a_result_or_lies_among_them_is_known()
    {
        var files = new OutputFiles(scratch.Path, ["clip.avi"], _ => ["-overlay.avi", "-masks"], mayOverwrite: false);
        bool Is(string name) => files.IsOutput(Path.Combine(scratch.Path, name));
        Assert.Equal(
            (true, true, true, false),
            (Is("clip-overlay.avi"), Is("./clip-masks"), Is("clip-masks/000001.png"), Is("clip-masks2"))
        );
    }
}
