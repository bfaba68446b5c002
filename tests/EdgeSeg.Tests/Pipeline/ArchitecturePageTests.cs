using System.Text.RegularExpressions;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Pipeline;

public class ArchitecturePageTests
{
    private const int MaxFiles = 15;

    [Fact]
    public void The_path_of_a_click_names_few_files_each_once_and_each_exists()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/architecture.md"));
        var section = page[page.IndexOf("## The path of a click", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 5, StringComparison.Ordinal)];
        string[] files = [.. Regex.Matches(section, @"^\d+\. `(src/[^`]+)`", RegexOptions.Multiline).Select(m => m.Groups[1].Value)];
        Assert.InRange(files.Length, 10, MaxFiles);
        Assert.Equal(files.Distinct(), files);
        Assert.All(files, f => Assert.True(File.Exists(Repository.PathOf(f)), $"{f} exists"));
    }

    [Fact]
    public void Every_folder_of_the_source_is_in_the_tables()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/architecture.md"));
        foreach (var project in (string[])["src/EdgeSeg", "src/EdgeSeg.Vision"])
        {
            var folders = Directory
                .GetDirectories(Repository.PathOf(project))
                .Where(d => Directory.EnumerateFiles(d, "*.cs").Any())
                .Select(d => Path.GetFileName(d));
            Assert.All(folders, f => Assert.Contains($"`{f}`", page, StringComparison.Ordinal));
        }
    }
}
