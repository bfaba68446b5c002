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

    /// <summary>The folders of each assembly, lowest first: a folder uses itself and those before it.</summary>
    private static readonly Dictionary<string, string[]> Layers = new()
    {
        ["EdgeSeg.Vision"] = ["Platform", "Images", "Prompts", "Saliency", "Masks", "Models", "AutomaticMasks", "Tracking"],
        ["EdgeSeg"] =
        [
            "Platform",
            "Capture",
            "Configuration",
            "Gpio",
            "Telemetry",
            "Messages",
            "WebConsole",
            "Mqtt",
            "Updates",
            "Release",
            // before the pipeline, which hands it frames; after the link, which takes its pictures
            "Sampling",
            "Pipeline",
            "Health",
            "Benchmark",
            "Evaluation",
            "Annotation",
            "Service",
            "Cli",
        ],
    };

    [Fact]
    public void A_folder_uses_only_itself_and_the_folders_below_it() => None(LayerFaults(SourceTree.Product));

    [Fact]
    public void The_layer_rule_finds_a_wrong_reference()
    {
        SourceFile[] wrong =
        [
            new("src/EdgeSeg/Capture/A.cs", "EdgeSeg", "Capture", ["using EdgeSeg.Pipeline;", "namespace EdgeSeg.Capture;"]),
            new(
                "src/EdgeSeg.Vision/Masks/B.cs",
                "EdgeSeg.Vision",
                "Masks",
                ["namespace EdgeSeg.Vision.Masks;", "var x = EdgeSeg.Mqtt.Y.Z;"]
            ),
            new("src/EdgeSeg/Cli/C.cs", "EdgeSeg", "Cli", ["using EdgeSeg.Capture;", "namespace EdgeSeg.Cli;"]),
        ];
        Assert.Equal(
            [
                "src/EdgeSeg/Capture/A.cs(1): Capture uses Pipeline, which lies above it",
                "src/EdgeSeg.Vision/Masks/B.cs(2): EdgeSeg.Vision uses EdgeSeg.Mqtt: the library knows nothing of the service",
            ],
            LayerFaults(wrong)
        );
    }

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
    public void Every_constant_is_used()
    {
        var words = SourceTree
            .Product.SelectMany(f => f.Lines)
            .Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .SelectMany(l => Word().Matches(l).Select(m => m.Value))
            .CountBy(w => w)
            .ToDictionary();
        None(
            from file in SourceTree.Product
            from line in file.Lines
            let constant = Constant().Match(line)
            where constant.Success && words[constant.Groups[1].Value] < 2
            select $"{file.Path}: constant {constant.Groups[1].Value} is not used"
        );
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

    private static List<string> LayerFaults(IEnumerable<SourceFile> files)
    {
        var faults = new List<string>();
        foreach (var file in files.Where(f => f.Folder.Length > 0))
        {
            var layers = Layers[file.Project];
            var own = Array.IndexOf(layers, file.Folder);
            if (own < 0)
                faults.Add($"{file.Path}: folder {file.Folder} has no place in the layers of {file.Project}");
            foreach (var (line, index) in file.Lines.Select((l, i) => (l, i)))
            {
                if (line.StartsWith("namespace ", StringComparison.Ordinal) || line.TrimStart().StartsWith("//", StringComparison.Ordinal))
                    continue;
                foreach (Match use in Reference().Matches(line))
                {
                    var (isVision, folder) = (use.Groups[1].Success, use.Groups[2].Value);
                    if (file.Project == "EdgeSeg.Vision" && !isVision && Layers["EdgeSeg"].Contains(folder))
                        faults.Add(
                            $"{file.Path}({index + 1}): EdgeSeg.Vision uses EdgeSeg.{folder}: the library knows nothing of the service"
                        );
                    else if (isVision == (file.Project == "EdgeSeg.Vision") && Array.IndexOf(layers, folder) > own)
                        faults.Add($"{file.Path}({index + 1}): {file.Folder} uses {folder}, which lies above it");
                }
            }
        }
        return faults;
    }

    private static IEnumerable<string> TextFiles() =>
        from path in new[] { "src", "tests", "samples", "build", "models/training", "deploy" }
            .Select(Repository.PathOf)
            .Where(Directory.Exists)
            .SelectMany(root => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
            .Append(Repository.PathOf("build.sh"))
        where Path.GetExtension(path) is ".cs" or ".py" or ".ts" or ".mjs" or ".sh"
        where !Generated().IsMatch(path)
        select path;

    private static string Relative(string path) => Path.GetRelativePath(Repository.PathOf(""), path);

    private static void None(IEnumerable<string> faults)
    {
        var list = faults.ToArray();
        Assert.True(list.Length == 0, $"{list.Length} faults:\n{string.Join('\n', list)}");
    }

    [GeneratedRegex(@"\bEdgeSeg\.(Vision\.)?([A-Z]\w*)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"/(obj|bin|node_modules|cache|dist|\.venv)/")]
    private static partial Regex Generated();

    [GeneratedRegex(@"\bconst\s+\w+\s+(\w+)\s*=")]
    private static partial Regex Constant();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+(?:struct\s+|class\s+)?([A-Z]\w*)")]
    private static partial Regex DeclaredType();

    [GeneratedRegex(@"(Manager|Helper|Helpers|Util|Utils|Utility)$")]
    private static partial Regex Empty();

    [GeneratedRegex(@"\b(LibraryImport|DllImport)\(""libc")]
    private static partial Regex CLibrary();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
