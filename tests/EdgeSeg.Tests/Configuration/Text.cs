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
}
