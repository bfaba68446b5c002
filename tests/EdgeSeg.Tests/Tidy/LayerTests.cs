using System.Text.RegularExpressions;
using Xunit;

namespace EdgeSeg.Tests.Tidy;

/// <summary>The direction of dependencies between the folders and between the assemblies.</summary>
public sealed partial class LayerTests
{
    /// <summary>
    /// The folders of each assembly, lowest first: a folder uses itself and those before it. The empty name is the files in the project's
    /// root: the library's public types, and the program's entry.
    /// </summary>
    private static readonly Dictionary<string, string[]> Layers = new()
    {
        ["EdgeSeg.Vision"] = ["Platform", "Images", "Prompts", "Saliency", "Masks", "Models", "AutomaticMasks", "", "Tracking"],
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
            "",
        ],
    };

    /// <summary>The type of the library's root that every folder throws.</summary>
    private const string RootException = "VisionException";

    [Fact]
    public void A_folder_uses_only_itself_and_the_folders_below_it() => TidyTests.None(LayerFaults(SourceTree.Product));

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
            new("src/EdgeSeg/Capture/D.cs", "EdgeSeg", "Capture", ["namespace EdgeSeg.Capture;", "Pipeline.FramePipeline? x = null;"]),
            new("src/EdgeSeg.Vision/E.cs", "EdgeSeg.Vision", "", ["using EdgeSeg.Vision.Tracking;", "namespace EdgeSeg.Vision;"]),
            new(
                "src/EdgeSeg.Vision/Models/F.cs",
                "EdgeSeg.Vision",
                "Models",
                ["namespace EdgeSeg.Vision.Models;", "throw new VisionException(\"x\");", "SegmentationSession? session = null;"]
            ),
        ];
        Assert.Equal(
            [
                "src/EdgeSeg/Capture/A.cs(1): Capture uses Pipeline, which lies above it",
                "src/EdgeSeg.Vision/Masks/B.cs(2): EdgeSeg.Vision uses EdgeSeg.Mqtt: the library knows nothing of the service",
                "src/EdgeSeg/Capture/D.cs(2): Capture uses Pipeline, which lies above it",
                "src/EdgeSeg.Vision/E.cs(1): the root uses Tracking, which lies above it",
                "src/EdgeSeg.Vision/Models/F.cs(3): Models uses SegmentationSession of the root, which lies above it",
            ],
            LayerFaults(wrong)
        );
    }

    private static List<string> LayerFaults(IEnumerable<SourceFile> files)
    {
        var faults = new List<string>();
        foreach (var file in files)
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
                        faults.Add($"{file.Path}({index + 1}): {Title(file.Folder)} uses {folder}, which lies above it");
                }
                faults.AddRange(
                    UnqualifiedUses(file, line, own)
                        .Select(used => $"{file.Path}({index + 1}): {Title(file.Folder)} uses {used}, which lies above it")
                );
            }
        }
        return faults;
    }

    /// <summary>
    /// What the compiler finds without the project's name, because a file sees the namespaces around its own: <c>Folder.Type</c>, and the
    /// types of the root.
    /// </summary>
    private static IEnumerable<string> UnqualifiedUses(SourceFile file, string line, int own)
    {
        var layers = Layers[file.Project];
        foreach (Match use in PartlyQualified().Matches(line))
        {
            var folder = use.Groups[1].Value;
            if (Array.IndexOf(layers, folder) > own && Types.Value.Contains((file.Project, folder, use.Groups[2].Value)))
                yield return folder;
        }
        if (Array.IndexOf(layers, "") <= own)
            yield break;
        foreach (Match use in TypePosition().Matches(line))
        {
            var type = use.Groups[1].Success ? use.Groups[1].Value : use.Groups[2].Value;
            if (type != RootException && Types.Value.Contains((file.Project, "", type)))
                yield return $"{type} of the root";
        }
    }

    private static readonly Lazy<HashSet<(string Project, string Folder, string Type)>> Types = new(() =>
        [
            .. from file in SourceTree.Product
            from line in file.Lines
            where !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            let type = TidyTests.DeclaredType().Match(line)
            where type.Success
            select (file.Project, file.Folder, type.Groups[1].Value),
        ]
    );

    private static string Title(string folder) => folder.Length > 0 ? folder : "the root";

    [GeneratedRegex(@"\bEdgeSeg\.(Vision\.)?([A-Z]\w*)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"(?<![\w.""])(?:Vision\.)?([A-Z]\w*)\.([A-Z]\w*)")]
    private static partial Regex PartlyQualified();

    /// <summary>A name where only a type can be: after <c>new</c>, as a type argument, or before the name of what it declares.</summary>
    [GeneratedRegex(
        @"(?:\bnew\s+|[<,]\s*(?=\w+\??>))([A-Z]\w*)"
            + @"|(?<![\w.])([A-Z]\w*)\??(?:\[\])?\s+(?!(?:is|and|or|with|in|switch|when)\b)[a-z_]\w*"
    )]
    private static partial Regex TypePosition();
}
