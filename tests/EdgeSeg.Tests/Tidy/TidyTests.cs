using System.Text.RegularExpressions;
using System.Xml.Linq;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Tests.Tidy;

/// <summary>
/// The rules of the sources that a compiler does not hold. CONTRIBUTING.md states them; each failure names the file and the line.
/// </summary>
public sealed partial class TidyTests
{
    private const int Columns = 140;
    private const int FileLines = 300;
    private const int FunctionLines = 70;
    private const int SmallFileLines = 15;

    [Fact]
    public void The_library_depends_on_OpenCvSharp_and_ONNX_Runtime_only()
    {
        var project = XDocument.Load(Repository.PathOf("src/EdgeSeg.Vision/EdgeSeg.Vision.csproj"));
        string[] Named(string element) => [.. project.Descendants(element).Select(e => (string)e.Attribute("Include")!).Order()];
        Assert.Empty(Named("ProjectReference"));
        Assert.All(Named("PackageReference"), name => Assert.Matches("^(OpenCvSharp4|Microsoft\\.ML\\.OnnxRuntime)", name));
    }

    [Fact]
    public void The_C_library_is_called_in_one_file() =>
        None(
            from file in SourceTree.Product
            where file.Name != "LibC"
            from line in file.Lines.Select((l, i) => (Text: l, Number: i + 1))
            where CLibrary().IsMatch(line.Text)
            select $"{file.Path}({line.Number}): declare it in src/EdgeSeg.Vision/Platform/LibC.cs"
        );

    [Fact]
    public void A_namespace_is_the_file_s_folder() =>
        None(
            from file in SourceTree.Product
            let wanted = file.Folder.Length > 0 ? $"namespace {file.Project}.{file.Folder};" : $"namespace {file.Project};"
            where file.Lines.FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal)) is { } line && line != wanted
            select $"{file.Path}: '{wanted}' is expected"
        );

    [Fact]
    public void Lines_have_at_most_140_columns() =>
        None(
            from text in TextFiles()
            from line in File.ReadLines(text).Select((l, i) => (Text: l, Number: i + 1))
            where line.Text.Length > Columns
            select $"{Relative(text)}({line.Number}): {line.Text.Length} columns"
        );

    [Fact]
    public void Files_have_at_most_300_lines() =>
        None(
            from text in TextFiles()
            let count = File.ReadLines(text).Count()
            where count > FileLines
            select $"{Relative(text)}: {count} lines"
        );

    [Fact]
    public void Functions_have_at_most_70_lines() =>
        None(
            from file in SourceTree.Read("src").Concat(SourceTree.Read("tests"))
            from function in SourceTree.Functions(file)
            where function.Count > FunctionLines
            select $"{file.Path}({function.Line}): {function.Count} lines: {function.Header}"
        );

    [Fact]
    public void No_small_file_holds_a_lone_helper_of_another_file() =>
        None(
            from file in SourceTree.Product
            where file.Lines.Length < SmallFileLines && file.Name != "Program"
            let users = SourceTree
                .Product.Where(other => other != file && other.Lines.Any(l => Regex.IsMatch(l, $@"\b{file.Name}\b")))
                .ToArray()
            where users.Length < 2
            select $"{file.Path}: {file.Lines.Length} lines, used by {(users.Length == 0 ? "nothing" : users[0].Path)} only: move it there"
        );

    [Fact]
    public void Every_constant_is_used() => None(UnusedConstants(SourceTree.Product));

    [Fact]
    public void The_rule_for_constants_finds_an_unused_one()
    {
        SourceFile[] files =
        [
            new("A.cs", "", "", ["class A", "{", "    private const int Used = 1,", "        Unused = 2;", "    int x = Used;", "}"]),
            new("B.cs", "", "", ["class B", "{", "    public const int Shared = 1;", "    public const int Unused = 2;", "}"]),
            new("C.cs", "", "", ["class C", "{", "    int x = B.Shared, Unused;", "}"]),
        ];
        Assert.Equal(["A.cs: constant Unused is not used", "B.cs: constant Unused is not used"], UnusedConstants(files));
    }

    [Fact]
    public void No_type_is_called_manager_helper_or_util() =>
        None(
            from file in SourceTree.Product
            from line in file.Lines
            let type = DeclaredType().Match(line)
            where type.Success && Empty().IsMatch(type.Groups[1].Value)
            select $"{file.Path}: {type.Groups[1].Value}: say what it does instead"
        );

    /// <summary>
    /// A constant is used by its name in its own file, or in one that declares the same partial type or derives from it, else by
    /// <c>Type.Name</c>.
    /// </summary>
    private static IEnumerable<string> UnusedConstants(SourceFile[] files)
    {
        var codes = files.ToDictionary(
            f => f,
            f => string.Join('\n', f.Lines.Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)))
        );
        foreach (var (file, code) in codes)
        {
            var types = DeclaredType().Matches(code).Select(m => Regex.Escape(m.Groups[1].Value)).Distinct().ToArray();
            if (!code.Contains("const ", StringComparison.Ordinal) || types.Length == 0)
                continue;
            var anyType = string.Join('|', types);
            var related = codes.Where(c => c.Key != file && Regex.IsMatch(c.Value, $@"(partial \w+|:[^\n{{]*?) \b({anyType})\b")).ToArray();
            foreach (var name in ConstantsOf(code))
            {
                var isUsed =
                    Regex.Count(code, $@"\b{name}\b") > Regex.Count(code, $@"\b{name} = ")
                    || related.Any(c => Regex.IsMatch(c.Value, $@"\b{name}\b"))
                    || codes.Any(c => c.Key != file && Regex.IsMatch(c.Value, $@"\b({anyType})\.{name}\b"));
                if (!isUsed)
                    yield return $"{file.Path}: constant {name} is not used";
            }
        }
    }

    /// <summary>Every name of every declaration; the layout has one name a line.</summary>
    private static IEnumerable<string> ConstantsOf(string code) =>
        from declaration in Constant().Matches(code)
        from name in DeclaredName().Matches(declaration.Value)
        select name.Groups[1].Value;

    private static IEnumerable<string> TextFiles() =>
        from path in new[] { "src", "tests", "samples", "build", "models/training", "deploy" }
            .Select(Repository.PathOf)
            .Where(Directory.Exists)
            .SelectMany(root => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
            .Where(path => OwnText().IsMatch(path))
            .Concat(new[] { "build.sh", ".ci/run", "Directory.Build.props", "Directory.Packages.props" }.Select(Repository.PathOf))
        where !Generated().IsMatch(path)
        select path;

    private static string Relative(string path) => Path.GetRelativePath(Repository.PathOf(""), path);

    internal static void None(IEnumerable<string> faults)
    {
        var list = faults.ToArray();
        Assert.True(list.Length == 0, $"{list.Length} faults:\n{string.Join('\n', list)}");
    }

    [GeneratedRegex(@"\.(cs|py|ts|mjs|sh|cpp|c|csproj|props|html)$")]
    private static partial Regex OwnText();

    [GeneratedRegex(@"/(obj|bin|node_modules|cache|dist|\.venv)/")]
    private static partial Regex Generated();

    [GeneratedRegex(@"\bconst [\w.]+ \w+ =(?:[^;""]|""[^""\n]*"")*;")]
    private static partial Regex Constant();

    [GeneratedRegex(@"(?:^const [\w.]+ |,\n\s+)(\w+) = ?")]
    private static partial Regex DeclaredName();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+(?:struct\s+|class\s+)?([A-Z]\w*)")]
    internal static partial Regex DeclaredType();

    [GeneratedRegex(@"(Manager|Helper|Helpers|Util|Utils|Utility)$")]
    private static partial Regex Empty();

    [GeneratedRegex(@"\b(LibraryImport|DllImport)\(""libc")]
    private static partial Regex CLibrary();
}
