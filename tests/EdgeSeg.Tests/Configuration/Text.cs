using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>Short forms for the tests of this folder.</summary>
internal static class Text
{
    public static readonly Dictionary<string, string> NoVariables = [];

    public static Settings Parse(string text, string name = "edgeseg.toml", Dictionary<string, string>? environment = null) =>
        SettingsFile.Parse(name, Encoding.UTF8.GetBytes(text), environment ?? NoVariables);

    /// <summary>The lines of the error that a text gives.</summary>
    public static string[] Errors(string text, string name = "edgeseg.toml", Dictionary<string, string>? environment = null)
    {
        var e = Xunit.Assert.Throws<OperatingException>(() => Parse(text, name, environment));
        Xunit.Assert.Equal(2, e.ExitCode);
        return e.Message.Split('\n');
    }

    /// <summary>The one line of the error that a text gives.</summary>
    public static string Error(string text, string name = "edgeseg.toml", Dictionary<string, string>? environment = null) =>
        Xunit.Assert.Single(Errors(text, name, environment));

    /// <summary>Every key with its value, in TOML's notation.</summary>
    public static IEnumerable<(string Path, string Value)> Effective(this Settings settings)
    {
        foreach (var section in Settings.Sections)
        {
            for (var i = 0; i < (section.IsList ? settings.Cameras.Count : 1); i++)
            {
                foreach (var key in section.Keys)
                    yield return (section.IsList ? $"{section.Path}[{i}].{key.Name}" : key.Path, key.Show(settings, i));
            }
        }
    }
}
