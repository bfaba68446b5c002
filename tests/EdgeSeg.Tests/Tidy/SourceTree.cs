using System.Text.RegularExpressions;
using EdgeSeg.Testing;

namespace EdgeSeg.Tests.Tidy;

/// <summary>
/// One C# source file: its project below <c>src</c>, the folder that owns it (empty in the project's root) and its lines.
/// </summary>
internal sealed record SourceFile(string Path, string Project, string Folder, string[] Lines)
{
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);
}

/// <summary>
/// The C# sources below <c>src</c>, and the functions in them. CSharpier's layout, in which they are kept, makes line-wise reading enough.
/// </summary>
internal static partial class SourceTree
{
    private static readonly Lazy<SourceFile[]> ProductFiles = new(() => [.. Read("src")]);

    public static SourceFile[] Product => ProductFiles.Value;

    /// <summary>The C# files below a folder of the repository, build output left out.</summary>
    public static IEnumerable<SourceFile> Read(string top)
    {
        var root = Repository.PathOf(top);
        foreach (var path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var parts = Path.GetRelativePath(root, path).Split('/');
            if (parts.Contains("obj") || parts.Contains("bin"))
                continue;
            yield return new(
                Path.Combine(top, Path.GetRelativePath(root, path)),
                parts[0],
                parts.Length > 2 ? parts[1] : "",
                File.ReadAllLines(path)
            );
        }
    }

    /// <summary>Each block that follows a member's header, with its number of lines, header included.</summary>
    public static IEnumerable<(string Header, int Line, int Count)> Functions(SourceFile file)
    {
        for (var i = 1; i < file.Lines.Length; i++)
        {
            var open = OpeningBrace().Match(file.Lines[i]);
            if (!open.Success)
                continue;
            var indent = open.Groups[1].Value;
            var header = i - 1;
            while (
                header > 0 && (file.Lines[header].StartsWith(indent + " ", StringComparison.Ordinal) || file.Lines[header] == indent + ")")
            )
                header--;
            var text = file.Lines[header].Trim();
            if (!text.Contains('(') || TypeDeclaration().IsMatch(text) || Statement().IsMatch(text))
                continue;
            var end = Array.FindIndex(file.Lines, i, line => line.StartsWith(indent + "}", StringComparison.Ordinal));
            yield return (text, header + 1, end - header + 1);
        }
    }

    [GeneratedRegex(@"^((?:    ){1,3})\{$")]
    private static partial Regex OpeningBrace();

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\b")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^(if|else|for|foreach|while|switch|using|lock|catch|try|do|fixed|unsafe|return|new)\b")]
    private static partial Regex Statement();
}
