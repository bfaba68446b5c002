using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Configuration;

public class ReferenceTests
{
    [Theory]
    [InlineData("deploy/edgeseg.example.toml")]
    [InlineData("docs/configuration.md")]
    public void The_file_in_the_repository_is_the_table_of_keys(string relative)
    {
        var expected = relative.EndsWith(".md", StringComparison.Ordinal) ? Reference.Markdown() : Reference.Toml();
        var path = Repository.PathOf(relative);
        // UPDATE_REFERENCE=1 writes the files again after a key has changed
        if (Environment.GetEnvironmentVariable("UPDATE_REFERENCE") == "1")
            File.WriteAllText(path, expected);
        Assert.Equal(expected, File.ReadAllText(path));
    }

    [Fact]
    public void Every_key_is_in_the_example_with_its_default()
    {
        var lines = File.ReadAllLines(Repository.PathOf("deploy/edgeseg.example.toml"));
        var example = Text.Parse(string.Join('\n', lines));
        var defaults = new Settings();
        defaults.Cameras.Add(new CameraSettings(0));
        Assert.Equal(defaults.Effective(), example.Effective());

        var section = "";
        var written = new HashSet<string>();
        foreach (var line in lines)
        {
            if (line.StartsWith('['))
                section = line.Trim('[', ']') + ".";
            else if (line.Length > 0 && line[0] != '#')
                written.Add(section + line[..line.IndexOf(" =", StringComparison.Ordinal)]);
        }

        Assert.Equal(Settings.Keys.Select(k => k.Path).Order(), written.Order());
    }

    [Fact]
    public void Every_default_is_read_back_from_file_and_environment()
    {
        var defaults = new Settings();
        defaults.Cameras.Add(new CameraSettings(0));
        var variables = Settings.Keys.ToDictionary(k => k.Variable(0), k => k.Show(defaults, 0).Trim('"'));
        var read = Text.Parse("", environment: variables);
        Assert.Equal(defaults.Effective(), read.Effective());
    }

    [Fact]
    public void Every_key_has_a_line_of_documentation_and_a_path_of_its_own()
    {
        Assert.All(
            Settings.Keys,
            k =>
            {
                Assert.EndsWith(".", k.Doc, StringComparison.Ordinal);
                Assert.NotEmpty(k.Allowed);
                // a column of the page ends there
                Assert.DoesNotContain("|", k.Doc, StringComparison.Ordinal);
            }
        );
        Assert.Equal(Settings.Keys.Count, Settings.Keys.Select(k => k.Path).Distinct().Count());
    }
}
