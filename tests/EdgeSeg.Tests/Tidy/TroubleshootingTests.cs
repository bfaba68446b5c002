using System.Reflection;
using System.Text.RegularExpressions;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Tests.Tidy;

/// <summary>docs/troubleshooting.md has a row for each code that a person can meet.</summary>
public sealed partial class TroubleshootingTests
{
    private readonly string page = File.ReadAllText(Repository.PathOf("docs/troubleshooting.md"));

    [Fact]
    public void Every_alert_code_is_explained() => AllListed(Enum("camera_lost"));

    [Fact]
    public void Every_error_code_is_explained() => AllListed(Enum("bad_request"));

    [Fact]
    public void Every_reason_of_an_update_is_explained() =>
        AllListed(
            typeof(UpdateReason)
                .GetFields(BindingFlags.Public | BindingFlags.Static)
                .Where(f => f.IsLiteral)
                .Select(f => (string)f.GetRawConstantValue()!)
        );

    [Fact]
    public void Every_check_of_the_doctor_is_explained()
    {
        var names = SourceTree
            .Product.Where(f => f.Folder is "Health" || f.Name == "DoctorVerb")
            .SelectMany(f => CheckName().Matches(string.Join('\n', f.Lines)).Select(m => m.Groups[1].Value.Trim()))
            .Distinct()
            .ToArray();
        string[] known = ["onnx runtime", "model", "broker", "temperature", "camera", "disk"];
        Assert.Empty(known.Except(names));
        AllListed(names);
    }

    private void AllListed(IEnumerable<string> codes)
    {
        var list = codes.ToArray();
        Assert.NotEmpty(list);
        string[] missing = [.. list.Where(code => !Row(code).IsMatch(page))];
        Assert.Equal([], missing);
    }

    /// <summary>A table row with the code in its first column, a cause and a remedy.</summary>
    private static Regex Row(string code) => new($@"(?m)^\|[^|]*`{Regex.Escape(code)}`[^|]*\|[^|]{{10,}}\|[^|]{{10,}}\|$");

    /// <summary>The enumeration of docs/asyncapi.yaml that holds this word.</summary>
    private static string[] Enum(string word)
    {
        var match = Regex.Match(File.ReadAllText(Repository.PathOf("docs/asyncapi.yaml")), $@"enum:\s*\[([^\]]*\b{word}\b[^\]]*)\]");
        Assert.True(match.Success, $"docs/asyncapi.yaml has no enumeration with {word}");
        return match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries);
    }

    /// <summary>
    /// The name is the first argument of a check, of a list entry or of a function that makes one, or a constant of its own; what varies
    /// in it, the camera's id, is not part of it.
    /// </summary>
    [GeneratedRegex(@"(?:Doctor\.Of\(|Check\.(?:Ok|Failed|Warning)\(|\bNode\(|looks\.Add\(\(|\b[Nn]ame = )\s*\$?""([a-z ]+)[""{]")]
    private static partial Regex CheckName();
}
