using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using EdgeSeg.Annotation;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg annotate</c>: photographs to a training set.</summary>
internal sealed class AnnotateVerb
{
    private readonly Argument<string[]> inputs = new("input")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Description = "Folders with all below them, globs in quotes, .txt files with a path a line, photographs.",
    };
    private readonly Option<string> export = new("--export")
    {
        Description =
            "coco: annotations.json with RLE masks; yolo-seg: labels/*.txt; labelmap: 16-bit PNG and labels.json; cutout: "
            + "RGBA PNG an object.",
        DefaultValueFactory = _ => "coco",
    };
    private readonly Option<string> outDir = new("--out")
    {
        HelpName = "DIR",
        Required = true,
        Description = "A new folder, or that of the same run, which is then continued.",
    };
    private readonly Option<string?> prompts = new("--prompts")
    {
        HelpName = "FILE",
        Description =
            "A detector's boxes: COCO detections in JSON, or CSV lines file,x0,y0,x1,y1[,label]. Each becomes a mask with its label.",
    };
    private readonly Option<double> minScore = NumberOption.Share("--min-score", "Masks with a lower score are left out.");
    private readonly Option<double> minArea = NumberOption.Share(
        "--min-area",
        "Masks that cover a smaller share of the picture are left out."
    );
    private readonly Option<(int Index, int Count)> shard = new("--shard")
    {
        HelpName = "I/N",
        Description = "Only the photographs of part I of N: a stable part, by the photograph's name. Join the parts with --merge.",
        DefaultValueFactory = _ => (1, 1),
        CustomParser = r => ParseShard(r),
    };
    private readonly Option<string[]> merge = new("--merge")
    {
        HelpName = "DIR",
        Description = "Join the output folders of all shards into --out; no photograph is read.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> listEmpty = new("--list-empty")
    {
        HelpName = "FILE",
        Description = "Write the names of the photographs in which nothing was found, one a line (- for standard output).",
    };
    private readonly Option<bool> overwrite = new("--overwrite")
    {
        Description = "Replace the file of --list-empty where it exists already.",
    };
    private readonly AutomaticMaskCliOptions automaticMasks;
    private readonly ModelOptions modelOptions;

    private AnnotateVerb(Command command)
    {
        export.AcceptOnlyFromAmong(AnnotationExport.Kinds);
        command.Add(inputs);
        foreach (var option in (Option[])[export, outDir, prompts, minScore, minArea, shard, merge, listEmpty, overwrite])
            command.Add(option);
        automaticMasks = new AutomaticMaskCliOptions(command);
        modelOptions = new ModelOptions(command);
        command.SetAction((parsed, cancel) => Task.Run(() => Run(parsed, cancel), cancel));
    }

    public static Command Create()
    {
        var command = new Command(
            "annotate",
            "Makes a training set of photographs: a mask of the main object of each, of every object, or of a detector's boxes. "
                + "Interrupted, it goes on where it was.\n\nExample: edgeseg annotate photos/ --export yolo-seg --out dataset/"
        );
        _ = new AnnotateVerb(command);
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancel)
    {
        var folder = parsed.GetValue(outDir)!;
        var parts = parsed.GetValue(merge) ?? [];
        var names = parsed.GetValue(inputs)!;
        if (folder.Length == 0)
            throw new OperatingException("--out names no folder: give a new or empty one", ExitCode.Usage);
        var list = CheckList(parsed, folder, [.. names, .. parts, parsed.GetValue(prompts) ?? ""]);
        if (parts.Length > 0)
        {
            CheckMerge(parsed);
            using var bar = new ProgressBar("merge");
            return Report(parsed, AnnotationMerge.Run(parts, folder, list, bar.Show));
        }
        if (names.Length == 0)
            throw new OperatingException("no photograph is named: give a folder, a glob, a .txt file or photographs", ExitCode.Usage);
        var boxes = parsed.GetValue(prompts) is { } file ? BoxPrompts.Read(file) : null;
        if (boxes is not null && automaticMasks.IsAsked(parsed))
            throw new OperatingException("--everything finds objects without prompts: leave --prompts out", ExitCode.Usage);
        var walk = new FolderWalk(folder);
        var photos = Find(names, walk);
        boxes?.Match(photos);
        var (index, count) = parsed.GetValue(shard);
        using var model = modelOptions.Load(parsed);
        var wanted = automaticMasks.IsAsked(parsed) ? automaticMasks.Options(parsed, model.Thresholds) : null;
        var filter = new MaskFilter(parsed.GetValue(minScore), parsed.GetValue(minArea));
        var settings = new AnnotationSettings(
            parsed.GetValue(export)!,
            boxes is not null ? "boxes"
                : wanted is not null ? "everything"
                : "main",
            $"{model.Name} {model.Version}",
            boxes?.Categories ?? [new Category(1, PhotoAnnotator.MainLabel)],
            $"{index}/{count}",
            AnnotationSettings.Describe(filter, wanted, boxes?.Hash)
        )
        {
            ListEmpty = list,
            Precision = modelOptions.Precision(parsed),
            SalienceModel = $"{model.SaliencyModel.Name} {model.SaliencyModel.Version}",
        };
        var target = AnnotationExport.Of(settings.Export, folder, settings.Categories);
        target.Check(photos);
        using var annotator = new PhotoAnnotator(model, target, filter, boxes, wanted);
        AnnotationReport report;
        using (var bar = new ProgressBar("annotate"))
            report = new AnnotationRun(settings, folder, target).Run(
                [.. PhotoList.Shard(photos, index, count)],
                photo => Annotate(annotator, photo),
                bar.Show,
                cancel
            );
        Warn(boxes, report);
        return Report(parsed, report);
    }

    /// <summary>What was left out is reported also where nothing is left.</summary>
    private static List<Photo> Find(string[] names, FolderWalk walk)
    {
        try
        {
            return PhotoList.Find(names, walk);
        }
        finally
        {
            foreach (var note in walk.Notes)
                Verbs.Fail(note);
        }
    }

    private static AnnotatedPhoto Annotate(PhotoAnnotator annotator, Photo photo)
    {
        var annotated = annotator.Annotate(photo);
        if (annotator.Warning.Length > 0)
            Verbs.Fail(annotator.Warning);
        return annotated;
    }

    private static void Warn(BoxPrompts? boxes, AnnotationReport report)
    {
        if (boxes?.Unusable > 0)
            Verbs.Fail($"{boxes.Unusable} entries of --prompts have no file or no box and were left out");
        if (boxes?.Unmatched.Count > 0)
            Verbs.Fail(
                $"--prompts names {boxes.Unmatched.Count} files that are not among the photographs, for example '{boxes.Unmatched[0]}'"
            );
        if (report.BoxesOutside > 0)
            Verbs.Fail($"{report.BoxesOutside} boxes of --prompts have no part in their photographs and were left out");
    }

    /// <summary>The parts have all settings of their run.</summary>
    private void CheckMerge(ParseResult parsed)
    {
        if (parsed.GetValue(inputs)!.Length > 0)
            throw new OperatingException("--merge joins output folders and reads no photograph: leave the inputs out", ExitCode.Usage);
        Option[] used = [outDir, merge, listEmpty, overwrite];
        var other = parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(r => !r.Implicit && !used.Contains(r.Option));
        if (other is not null)
            throw new OperatingException(
                $"--merge joins results as they are: leave {other.Option.Name} out, or make the parts again with it",
                ExitCode.Usage
            );
    }

    /// <summary>
    /// The real path of the file of --list-empty; null: there is none. It replaces no input, no result, and of the files that exist only
    /// the list of the same run, unless that is asked for.
    /// </summary>
    private string? CheckList(ParseResult parsed, string folder, string[] inputs)
    {
        if (parsed.GetValue(listEmpty) is not { } list || list == "-")
            return null;
        var isOwn = list.Length > 0 && AnnotationSettings.ListOf(folder) == FinalFile.RealPath(list);
        var real = ResultFile.Checked(list, EmptyList.Option, inputs, isOwn || parsed.GetValue(overwrite), ExitCode.Usage);
        var below = Path.GetRelativePath(FinalFile.RealPath(folder), real).Split('/');
        if (PhotoList.IsPhoto(list) || AnnotationExport.OwnNames.Contains(below[0]))
            throw new OperatingException($"{list} is or may be an input or a result: choose another file for --list-empty", ExitCode.Usage);
        return real;
    }

    private int Report(ParseResult parsed, AnnotationReport report)
    {
        foreach (var fault in report.Unreadable)
            Verbs.Fail(fault);
        var names = string.Concat(report.Empty.Select(name => name + "\n"));
        if (parsed.GetValue(listEmpty) == "-")
            Console.Write(names);
        else if (parsed.GetValue(listEmpty) is { } file)
            OutputFiles.Write(file, Encoding.UTF8.GetBytes(names));
        Console.Error.WriteLine(report);
        return report.Unreadable.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static (int Index, int Count) ParseShard(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (AnnotationSettings.ShardNumbers(text) is { } numbers)
            return numbers;
        result.AddError($"--shard {text}: must be I/N with 1 <= I <= N, for example --shard 3/8");
        return (1, 1);
    }
}
