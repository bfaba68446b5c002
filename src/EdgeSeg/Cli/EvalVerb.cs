using System.CommandLine;
using EdgeSeg.Evaluation;
using EdgeSeg.Vision.Models;

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
        var limit = Limit();
        var json = new Option<string?>("--json")
        {
            HelpName = "FILE",
            Description = "Write the figures as JSON too (- for standard output).",
        };
        var overwrite = Overwrite();
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
            overwrite,
        };
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
                            return OfVideo(modelOptions, parsed, sequences, new(parsed.GetValue(json), parsed.GetValue(overwrite)), cancel);
                        return OfPhotos(
                            modelOptions,
                            parsed,
                            new(parsed.GetValue(annotations)!, parsed.GetValue(images)!, parsed.GetValue(limit), !parsed.GetValue(noZoom)),
                            new(parsed.GetValue(json), parsed.GetValue(overwrite)),
                            cancel
                        );
                    },
                    cancel
                )
        );
        return command;
    }

    private static Option<bool> Overwrite() =>
        new("--overwrite") { Description = "Replace the file of --json if it exists. Photographs and annotations are never replaced." };

    private static Option<int?> Limit() =>
        new Option<int?>("--limit") { HelpName = "N", Description = "Only the first N photographs." }.Within(1, int.MaxValue);

    /// <summary>The file of --json.</summary>
    private sealed record JsonChoice(string? Path, bool MayOverwrite)
    {
        /// <summary>Null: none is asked for.</summary>
        public ResultFile? For(LoadedModel model, IEnumerable<string> inputs) =>
            ResultFile.Named(Path, "--json", inputs.Concat(Directory.EnumerateFiles(model.Bundle.Folder)), MayOverwrite);
    }

    /// <summary>Photographs to measure on.</summary>
    private sealed record PhotoSet(string Annotations, string Folder, int? Limit, bool IsZoomOn);

    private static int OfPhotos(ModelOptions options, ParseResult parsed, PhotoSet photos, JsonChoice json, CancellationToken cancel)
    {
        var set = CocoSet.Read(photos.Annotations);
        var read = new CocoPhotos(set, photos.Folder);
        using var model = options.Load(parsed);
        var file = json.For(model, set.Images.Select(i => i.PathIn(photos.Folder)).Prepend(photos.Annotations));
        using var evaluator = new Evaluator(model, read, photos.IsZoomOn);
        using (var bar = new ProgressBar("eval"))
            evaluator.Run(photos.Limit, bar.Show, cancel);
        return EvalReport.Write(evaluator, file);
    }

    private static int OfVideo(ModelOptions options, ParseResult parsed, string folder, JsonChoice json, CancellationToken cancel)
    {
        var sequences = VideoSet.Read(folder, out var faults);
        using var model = options.Load(parsed);
        var file = json.For(model, sequences.SelectMany(s => s.Frames).SelectMany(f => (string[])[f.Image, f.Mask ?? ""]));
        using var evaluator = new VideoEvaluator(model);
        evaluator.Failures.AddRange(faults);
        using (var bar = new ProgressBar("eval"))
            evaluator.Run(sequences, bar.Show, cancel);
        return VideoEvalReport.Write(evaluator, file);
    }
}
