using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
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
            "A detector's boxes: COCO detections (.json), or CSV lines file,x0,y0,x1,y1[,label]. Each becomes a mask with its label.",
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
    private readonly AutomaticMaskCliOptions everything;
    private readonly ModelOptions modelOptions;

    private AnnotateVerb(Command command)
    {
        export.AcceptOnlyFromAmong(AnnotationExport.Kinds);
        command.Add(inputs);
        foreach (var option in (Option[])[export, outDir, prompts, minScore, minArea, shard, merge, listEmpty])
            command.Add(option);
        everything = new AutomaticMaskCliOptions(command);
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
        CheckList(parsed, [.. names, .. parts, parsed.GetValue(prompts) ?? ""]);
        if (parts.Length > 0)
        {
            if (names.Length > 0)
                throw new OperatingException("--merge joins output folders and reads no photograph: leave the inputs out", ExitCode.Usage);
            using var bar = new ProgressBar("merge");
            return Report(parsed, AnnotationMerge.Run(parts, folder, bar.Show));
        }
        if (names.Length == 0)
            throw new OperatingException("no photograph is named: give a folder, a glob, a .txt file or photographs", ExitCode.Usage);
        var boxes = parsed.GetValue(prompts) is { } file ? BoxPrompts.Read(file) : null;
        if (boxes is not null && everything.IsAsked(parsed))
            throw new OperatingException("--everything finds objects without prompts: leave --prompts out", ExitCode.Usage);
        var photos = PhotoList.Find(names);
        var (index, count) = parsed.GetValue(shard);
        using var model = modelOptions.Load(parsed);
        var wanted = everything.IsAsked(parsed) ? everything.Options(parsed, model.Thresholds) : null;
        var filter = new MaskFilter(parsed.GetValue(minScore), parsed.GetValue(minArea));
        var settings = new AnnotationSettings(
            parsed.GetValue(export)!,
            boxes is not null ? "boxes"
                : everything.IsAsked(parsed) ? "everything"
                : "main",
            $"{model.Name} {model.Version}",
            boxes?.Labels ?? [PhotoAnnotator.MainLabel],
            $"{index}/{count}",
            AnnotationSettings.Describe(filter, wanted, parsed.GetValue(prompts))
        );
        var target = AnnotationExport.Of(settings.Export, folder, settings.Labels);
        target.Check(photos);
        settings.Claim(folder);
        using (var annotator = new PhotoAnnotator(model, target, filter, boxes, wanted))
            Annotate([.. PhotoList.Shard(photos, index, count)], annotator, folder, cancel);
        target.Finish(AnnotationJournal.Read(folder));
        if (boxes is not null)
            Warn(boxes);
        var report = new AnnotationReport();
        foreach (var photo in AnnotationJournal.Read(folder))
            report.Add(photo);
        return Report(parsed, report);
    }

    /// <summary>Photographs that are not done; an interruption takes effect after the current photograph.</summary>
    private static void Annotate(Photo[] photos, PhotoAnnotator annotator, string folder, CancellationToken cancel)
    {
        using var journal = new AnnotationJournal(folder);
        var done = AnnotationJournal.Read(folder).Where(p => p.Fault.Length == 0).Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        using var bar = new ProgressBar("annotate");
        for (var i = 0; i < photos.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            if (!done.Contains(photos[i].Name))
                journal.Add(annotator.Annotate(photos[i]));
            bar.Show(i + 1, photos.Length);
        }
    }

    private static void Warn(BoxPrompts boxes)
    {
        if (boxes.Unusable > 0)
            Verbs.Fail($"{boxes.Unusable} entries of --prompts have no file or no box and were left out");
        var unused = boxes.Unused.ToArray();
        if (unused.Length > 0)
            Verbs.Fail($"--prompts names {unused.Length} files that are not among the photographs, for example '{unused[0]}'");
    }

    /// <summary>A list of a run before is replaced; an input never.</summary>
    private void CheckList(ParseResult parsed, string[] inputs)
    {
        if (parsed.GetValue(listEmpty) is not { } list || list == "-")
            return;
        if (list.Length == 0)
            throw new OperatingException(EmptyList.NoName, ExitCode.Usage);
        if (OutputFiles.IsInput(list, inputs) || PhotoList.IsPhoto(list))
            throw new OperatingException($"{list} is or may be an input: choose another file for --list-empty", ExitCode.Usage);
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
        var parts = text.Split('/');
        if (
            parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && index >= 1
            && index <= count
        )
            return (index, count);
        result.AddError($"--shard {text}: must be I/N with 1 <= I <= N, for example --shard 3/8");
        return (1, 1);
    }
}
