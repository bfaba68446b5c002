using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EdgeSeg.Evaluation;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg eval</c>: a model's figures on photographs with known masks.</summary>
internal static class EvalVerb
{
    public static Command Create()
    {
        var annotations = new Option<string?>("--annotations")
        {
            HelpName = "FILE",
            Description =
                "COCO instance annotations (RLE or polygons; iscrowd 1: ignored pixels; kind \"salient\": counts for "
                + "automatic mode and saliency; kind \"none\": a photograph without an object, in which masks found are counted).",
        };
        var images = new Option<string?>("--images") { HelpName = "DIR", Description = "The photographs that the annotations name." };
        var video = new Option<string?>("--video")
        {
            HelpName = "DIR",
            Description =
                "Instead of photographs: sequences to follow an object in, folders SEQUENCE/images and SEQUENCE/masks (as "
                + "DAVIS); J mean, recall, decay.",
        };
        var limit = new Option<int?>("--limit") { HelpName = "N", Description = "Only the first N photographs." };
        var json = new Option<string?>("--json")
        {
            HelpName = "FILE",
            Description = "Write the figures as JSON too (- for standard output).",
        };
        var command = new Command(
            "eval",
            "Measures a model on photographs with known masks (mIoU of one click, best of its masks, box and automatic mode; "
                + "saliency; latency) or follows objects in videos with known masks."
                + "\n\nExample: edgeseg eval --annotations coco.json --images photos/ --limit 100"
        )
        {
            annotations,
            images,
            video,
            limit,
            json,
        };
        limit.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() is < 1)
                r.AddError("--limit must be at least 1");
        });
        command.Validators.Add(r =>
        {
            var ofPhotos = new[] { r.GetValue(annotations), r.GetValue(images) }.Count(v => v is not null);
            if (r.GetValue(video) is null ? ofPhotos < 2 : ofPhotos > 0 || r.GetValue(limit) is not null)
                r.AddError("give --annotations and --images, with or without --limit, or else --video");
        });
        var modelOptions = new ModelOptions(command);
        var noZoom = ModelOptions.AddNoZoom(command);
        command.SetAction(
            (parsed, cancel) =>
                Task.Run(
                    () =>
                    {
                        if (parsed.GetValue(video) is { } sequences)
                            return OfVideo(modelOptions, parsed, sequences, parsed.GetValue(json), cancel);
                        return OfPhotos(
                            modelOptions,
                            parsed,
                            new(parsed.GetValue(annotations)!, parsed.GetValue(images)!, parsed.GetValue(limit), !parsed.GetValue(noZoom)),
                            parsed.GetValue(json),
                            cancel
                        );
                    },
                    cancel
                )
        );
        return command;
    }

    /// <summary>Photographs to measure on.</summary>
    private sealed record PhotoSet(string Annotations, string Folder, int? Limit, bool IsZoomOn);

    private static int OfPhotos(ModelOptions options, ParseResult parsed, PhotoSet photos, string? json, CancellationToken cancel)
    {
        var set = CocoSet.Read(photos.Annotations);
        if (!Directory.Exists(photos.Folder))
            throw new OperatingException(
                $"{photos.Folder}: is not a folder: name the folder of the photographs with --images",
                ExitCode.Usage
            );
        using var model = options.Load(parsed);
        using var evaluator = new Evaluator(model, set, photos.Folder, photos.IsZoomOn);
        using (var bar = new ProgressBar("eval"))
            evaluator.Run(photos.Limit, bar.Show, cancel);
        return Report(evaluator, json);
    }

    private static int OfVideo(ModelOptions options, ParseResult parsed, string folder, string? json, CancellationToken cancel)
    {
        var sequences = VideoSet.Read(folder);
        using var model = options.Load(parsed);
        using var evaluator = new VideoEvaluator(model);
        using (var bar = new ProgressBar("eval"))
            evaluator.Run(sequences, bar.Show, cancel);
        using Stream? stream = json switch
        {
            null => null,
            "-" => Console.OpenStandardOutput(),
            _ => CreateFile(json),
        };
        return VideoEvalReport.Write(evaluator, stream, isPrinted: json != "-");
    }

    private static int Report(Evaluator evaluator, string? json)
    {
        foreach (var failure in evaluator.Failures)
            Verbs.Fail(failure);
        foreach (var (reason, count) in evaluator.Set.Unused)
            Verbs.Fail($"{count} left out: {reason}");
        if (json != "-")
            Print(evaluator);
        if (json is not null)
        {
            using var stream = json == "-" ? Console.OpenStandardOutput() : CreateFile(json);
            WriteJson(evaluator, stream);
        }

        if (evaluator.Overall.Count > 0 || evaluator.EmptyPhotos > 0)
            return evaluator.Failures.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
        Verbs.Fail(
            evaluator.Set.Images.Count == 0 || evaluator.Set.Annotations.Count == 0
                ? "no object was evaluated: the annotation file has no annotation that can be used"
                : "no object was evaluated: no photograph of the annotations could be read, or none of their masks; see the lines above"
        );
        return ExitCode.Failed;
    }

    private static FileStream CreateFile(string path)
    {
        try
        {
            return File.Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path}: cannot be written ({e.Message}): choose another file with --json");
        }
    }

    private static void Print(Evaluator evaluator)
    {
        Console.WriteLine("{0,-16} {1,6} {2,7} {3,7} {4,7} {5,7} {6,7} {7,7}", "set", "n", "click", "best3", "box", "auto", "max-F", "MAE");
        foreach (var (name, t) in evaluator.Sets.Append(new("overall", evaluator.Overall)))
            Console.WriteLine(
                "{0,-16} {1,6} {2} {3} {4} {5} {6} {7}",
                name,
                t.Count,
                F(t.Click),
                F(t.ClickBest),
                F(t.Box),
                F(t.Auto),
                F(t.SaliencyMaxF),
                F(t.SaliencyMae)
            );
        if (evaluator.Overall.Salient > 0)
            Console.WriteLine(
                $"\nphotographs with a salient object: {evaluator.Overall.Salient}, found in "
                    + $"{Share(evaluator.Overall.SalientFound, evaluator.Overall.Salient)}"
            );
        if (evaluator.EmptyPhotos > 0)
            Console.WriteLine(
                $"photographs without an object:     {evaluator.EmptyPhotos}, found in {Share(evaluator.EmptyFound, evaluator.EmptyPhotos)}"
            );
        Console.WriteLine("\n{0,-16} {1,9} {2,9} {3,9} {4,9}", "stage", "p50 ms", "p95 ms", "p99 ms", "passes");
        foreach (var name in StageTimes.Names.ToArray().Concat(Evaluator.Answers))
        {
            if (!evaluator.LatencyMs.TryGetValue(name, out var ms))
                continue;
            var passes = evaluator.Passes.TryGetValue(name, out var each)
                ? each.Average().ToString("0.00", CultureInfo.InvariantCulture)
                : "";
            Console.WriteLine(
                string.Format(
                    CultureInfo.InvariantCulture,
                    "{0,-16} {1,9:0.00} {2,9:0.00} {3,9:0.00} {4,9}",
                    name,
                    Percentile(ms, 50),
                    Percentile(ms, 95),
                    Percentile(ms, 99),
                    passes
                )
            );
        }

        static string Share(int part, int of) => string.Create(CultureInfo.InvariantCulture, $"{part} ({100.0 * part / of:0.0} %)");

        static string F(double v) => (double.IsNaN(v) ? "-" : v.ToString("0.0000", CultureInfo.InvariantCulture)).PadLeft(7);
    }

    private static void WriteJson(Evaluator evaluator, Stream stream)
    {
        using var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        w.WriteStartObject();
        w.WriteStartObject("sets");
        foreach (var (name, tally) in evaluator.Sets)
            WriteTally(w, name, tally);
        w.WriteEndObject();
        WriteTally(w, "overall", evaluator.Overall);
        WriteFound(w, "salient", evaluator.Overall.Salient, evaluator.Overall.SalientFound);
        WriteFound(w, "empty", evaluator.EmptyPhotos, evaluator.EmptyFound);
        w.WriteStartObject("passes");
        foreach (var (answer, each) in evaluator.Passes)
            w.WriteNumber(answer, Math.Round(each.Average(), 3));
        w.WriteEndObject();
        w.WriteStartObject("left_out");
        foreach (var (reason, count) in evaluator.Set.Unused)
            w.WriteNumber(reason, count);
        w.WriteEndObject();
        w.WriteNumber("photographs_failed", evaluator.Failures.Count);
        w.WriteStartObject("latency_ms");
        foreach (var (stage, ms) in evaluator.LatencyMs)
        {
            w.WriteStartObject(stage);
            w.WriteNumber("p50", Math.Round(Percentile(ms, 50), 3));
            w.WriteNumber("p95", Math.Round(Percentile(ms, 95), 3));
            w.WriteNumber("p99", Math.Round(Percentile(ms, 99), 3));
            w.WriteEndObject();
        }

        w.WriteEndObject();
        w.WriteEndObject();
        w.Flush();
        stream.WriteByte((byte)'\n');
    }

    /// <summary>How many photographs there were, and in how many of them a mask was found.</summary>
    private static void WriteFound(Utf8JsonWriter w, string name, int photos, int found)
    {
        w.WriteStartObject(name);
        w.WriteNumber("n", photos);
        w.WriteNumber("found", found);
        w.WriteEndObject();
    }

    private static void WriteTally(Utf8JsonWriter w, string name, Tally t)
    {
        w.WriteStartObject(name);
        w.WriteNumber("n", t.Count);
        Number("click", t.Click);
        Number("click_best3", t.ClickBest);
        Number("box", t.Box);
        Number("auto", t.Auto);
        Number("saliency_max_f", t.SaliencyMaxF);
        Number("saliency_mae", t.SaliencyMae);
        w.WriteEndObject();

        void Number(string key, double value)
        {
            // not measured is null, never zero
            if (double.IsNaN(value))
                w.WriteNull(key);
            else
                w.WriteNumber(key, Math.Round(value, 5));
        }
    }

    /// <summary>Nearest-rank percentile.</summary>
    private static double Percentile(List<double> values, int percent)
    {
        values.Sort();
        return values[Math.Clamp((int)Math.Ceiling(values.Count * percent / 100.0) - 1, 0, values.Count - 1)];
    }
}
