using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Native;

/// <summary>What is shipped: the folder that ./build.sh publish leaves.</summary>
public class PublishedFolderTests(ITestOutputHelper output)
{
    /// <summary>JetPack 6 is Ubuntu 22.04.</summary>
    private static readonly Version newestGlibc = new(2, 35);

    [Fact]
    public void Nothing_needs_a_newer_C_library_than_Ubuntu_22_04_has()
    {
        var elfs = 0;
        var tooNew = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Published.Folder, "*", SearchOption.TopDirectoryOnly).Order())
        {
            if (ElfVersions.Needed(file) is not { } needed)
                continue;
            elfs++;
            var versions = Glibc(needed);
            output.WriteLine($"{Path.GetFileName(file)}: GLIBC {versions.Max()} ({versions.Count} versions)");
            Assert.NotEmpty(versions);
            tooNew.AddRange(versions.Where(v => v > newestGlibc).Select(v => $"{Path.GetFileName(file)} needs GLIBC_{v}"));
        }

        Assert.Empty(tooNew);
        Assert.InRange(elfs, 2, 16);
    }

    [Fact]
    public void A_version_beyond_the_limit_is_recognised() =>
        Assert.Contains(Glibc(["GLIBC_2.2.5", "GLIBC_2.38", "GLIBCXX_3.4.30", "GLIBC_PRIVATE"]), v => v > newestGlibc);

    [Theory]
    [InlineData("edgeseg")]
    [InlineData("libonnxruntime.so")]
    [InlineData("LICENSE")]
    [InlineData("NOTICE")]
    [InlineData("asyncapi.yaml")]
    [InlineData("edgeseg.example.toml")]
    [InlineData("models/squeezesam/model.json")]
    [InlineData("models/squeezesam/CARD.md")]
    [InlineData("demo/LICENCES.md")]
    [InlineData("demo/chelsea.jpg")]
    public void UpdateHold(string file) => Assert.True(File.Exists(Path.Combine(Published.Folder, file)), file);

    [Theory]
    [InlineData("*.dll")]
    [InlineData("*.xml")]
    [InlineData("*.pdb")]
    [InlineData("*.dbg")]
    public void Holds_nothing_of(string pattern) =>
        Assert.Empty(Directory.EnumerateFiles(Published.Folder, pattern, SearchOption.AllDirectories));

    [Fact]
    public void Names_the_licence_of_every_photograph()
    {
        var demo = Path.Combine(Published.Folder, "demo");
        var licences = File.ReadAllText(Path.Combine(demo, "LICENCES.md"));
        foreach (var photo in Directory.EnumerateFiles(demo, "*.jpg"))
            Assert.Contains($"`{Path.GetFileName(photo)}`", licences, StringComparison.Ordinal);
    }

    private static List<Version> Glibc(IEnumerable<string> needed) =>
        [
            .. needed
                .Where(n => n.StartsWith("GLIBC_", StringComparison.Ordinal))
                .Select(n => Version.TryParse(n[6..], out var v) ? v : null)
                .OfType<Version>(),
        ];

    [Fact]
    public void The_executable_does_not_exceed_its_size()
    {
        // docs/decisions/executable-size.md: what it is made of, and that the goal is less
        Assert.True(new FileInfo(Published.Binary).Length <= 17_200_000, $"{new FileInfo(Published.Binary).Length} bytes");
    }
}
