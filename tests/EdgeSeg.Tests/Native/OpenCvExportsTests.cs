using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Native;

/// <summary>deploy/opencv's library has what the published program calls of OpenCvSharp's, and nothing that it does not.</summary>
public partial class OpenCvExportsTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_function_that_the_program_calls_is_in_the_small_library_and_no_other()
    {
        var library = Path.Combine(Published.Folder, "libOpenCvSharpExtern.so");
        Assert.SkipUnless(Published.HasTool("nm"), "nm (binutils) is not installed");
        var all = Exports(library);
        Assert.SkipUnless(all.Count > 1000, "the published library is not OpenCvSharp's own");
        // what the linker kept of the P/Invokes: their names, each ended by a zero
        var called = Names(File.ReadAllBytes(Published.Binary))
            .Where(n => all.Contains(n) && OfOpenCv().IsMatch(n))
            .ToHashSet(StringComparer.Ordinal);
        var written = Written()
            .Matches(File.ReadAllText(Repository.PathOf("deploy/opencv/edgeseg-opencv.cpp")))
            .Select(m => m.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);
        output.WriteLine($"{called.Count} functions");
        Assert.InRange(called.Count, 40, 200);
        Assert.Equal([], called.Except(written).Order());
        Assert.Equal([], written.Except(called).Order());
    }

    private static HashSet<string> Exports(string library)
    {
        using var nm = Process.Start(new ProcessStartInfo("nm", ["-D", "--defined-only", library]) { RedirectStandardOutput = true })!;
        return [.. nm.StandardOutput.ReadToEnd().Split('\n').Select(l => l.Split(' ')[^1])];
    }

    private static IEnumerable<string> Names(byte[] bytes)
    {
        for (int from = 0, at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] is >= 0x20 and < 0x7f)
                continue;
            if (bytes[at] == 0 && at - from is > 8 and < 80)
                yield return Encoding.ASCII.GetString(bytes, from, at - from);
            from = at + 1;
        }
    }

    // the library holds OpenSSL as well, whose names the base library knows
    [GeneratedRegex("^(redirectError|(core|imgcodecs|imgproc|videoio|vector)_[A-Za-z0-9_]+)$")]
    private static partial Regex OfOpenCv();

    [GeneratedRegex(@"^EXPORT [^(]*?(\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Written();
}
