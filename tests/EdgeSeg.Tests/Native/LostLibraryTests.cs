using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Native;

/// <summary>A published folder that lost a library says so in one sentence.</summary>
public class LostLibraryTests
{
    [Theory]
    [InlineData("libonnxruntime.so")]
    [InlineData("libOpenCvSharpExtern.so")]
    public void Segmenting_without_a_library_ends_in_one_sentence(string lost)
    {
        var folder = Published.Folder;
        using var copy = new Scratch();
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (Path.GetFileName(file) != lost)
                Link(file, Path.Combine(copy.Path, Path.GetFileName(file)));
        }

        Directory.CreateSymbolicLink(Path.Combine(copy.Path, "models"), Path.Combine(folder, "models"));
        var (code, output, errors) = Published.Run(
            Path.Combine(copy.Path, "edgeseg"),
            ["segment", Path.Combine(folder, "demo", "chelsea.jpg"), "--out", copy.Path],
            copy.Path
        );
        Assert.Equal(1, code);
        Assert.Contains(lost, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output + errors, StringComparison.Ordinal);
        Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    // the program is copied, because it looks for its libraries beside the file that it really is; the rest may be links
    private static void Link(string file, string to)
    {
        if (Path.GetFileName(file) == "edgeseg")
            File.Copy(file, to);
        else
            File.CreateSymbolicLink(to, file);
    }
}
