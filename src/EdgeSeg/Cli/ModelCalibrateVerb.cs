using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EdgeSeg.Evaluation;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Saliency;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model calibrate</c>: the numbers that a bundle's maker writes into model.json as <c>thresholds</c>.</summary>
internal static class ModelCalibrateVerb
{
    public static Command Create()
    {
        var annotations = new Option<string>("--annotations")
        {
            Required = true,
            HelpName = "FILE",
            Description =
                "COCO annotations: photographs of kind \"salient\" and \"none\" give the floor of "
                + "saliency, all other objects the thresholds of automatic masks.",
        };
        var images = new Option<string>("--images")
        {
            Required = true,
            HelpName = "DIR",
            Description = "The photographs that the annotations name.",
        };
        var photos = new Option<int>("--photos")
        {
            HelpName = "N",
            Description = "Photographs for automatic masks, spread over the set; 0: none. Each takes points-per-side squared runs.",
            DefaultValueFactory = _ => 24,
        }.Within(0, 10_000);
        var side = new Option<int>("--points-per-side")
        {
            HelpName = "N",
            Description = "Points on each side of the grid of automatic masks.",
            DefaultValueFactory = _ => 16,
        }.Within(1, 64);
        var command = new Command(
            "calibrate",
            "Measures the thresholds of a bundle on photographs that were not trained on, and prints "
                + "them as JSON, to be written into model.json as \"thresholds\". What they find and miss "
                + "goes to standard error.\n\nExample: edgeseg model calibrate --model models/squeezesam "
                + "--annotations coco.json --images photos/"
        )
        {
            annotations,
            images,
            photos,
            side,
        };
        var modelOptions = new ModelOptions(command);
        command.SetAction(parsed =>
        {
            var set = CocoSet.Read(parsed.GetValue(annotations)!);
            using var model = modelOptions.Load(parsed);
            var byImage = set.Annotations.Where(a => a.IsCrowd == 0).ToLookup(a => a.ImageId);
            var (floor, salient, empty) = Saliency(model, set, byImage, parsed.GetValue(images)!);
            var masks = Automatic(model, set, byImage, parsed.GetValue(images)!, parsed.GetValue(photos), parsed.GetValue(side));
            Print(
                floor,
                masks,
                $"{salient} photographs with and {empty} without an object; {masks.Photos} photographs for automatic masks"
            );
            return ExitCode.Ok;
        });
        return command;
    }

    private static (SaliencyFloor Floor, int Salient, int Empty) Saliency(
        LoadedModel model,
        CocoSet set,
        ILookup<int, CocoAnnotation> byImage,
        string folder
    )
    {
        using var calibration = new SaliencyCalibration(model.Segmenter);
        foreach (var image in set.Images)
        {
            var isEmpty = image.Kind == Evaluator.Empty || byImage[image.Id].Any(a => a.Kind == Evaluator.Empty);
            if (isEmpty || byImage[image.Id].Any(a => a.Kind == Evaluator.Salient))
                calibration.Add(Path.Combine(folder, image.FileName), isEmpty);
        }

        if (calibration.WithObject == 0)
            throw new OperatingException("no photograph has an object of kind \"salient\": name a set that has some with --annotations");
        var floor = calibration.Floor();
        var found = calibration.Found(floor);
        Console.Error.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"saliency floor: mean {floor.Mean:0.0000}, peak {floor.Peak:0.0000}: found in "
                    + $"{found.WithObject} of {calibration.WithObject} photographs with an object, in "
                    + $"{found.Empty} of {calibration.Empty} without"
            )
        );
        return (floor, calibration.WithObject, calibration.Empty);
    }

    private readonly record struct Masks(int Photos, float PredictedIou, float Stability);

    private static Masks Automatic(
        LoadedModel model,
        CocoSet set,
        ILookup<int, CocoAnnotation> byImage,
        string folder,
        int photos,
        int pointsPerSide
    )
    {
        var images = set.Images.Where(i => byImage[i.Id].Any(a => a.Kind is null or "instances")).ToList();
        if (photos == 0 || images.Count == 0)
            return default;
        // every mask is kept, so that every threshold can be looked at afterwards
        var options = new AutomaticMaskOptions
        {
            PointsPerSide = pointsPerSide,
            PredictedIouThreshold = 0,
            StabilityScoreThreshold = 0,
            Multimask = true,
        };
        using var calibration = new AutomaticMaskCalibration(model.Segmenter, options);
        using (var bar = new ProgressBar("calibrate"))
        {
            var count = Math.Min(photos, images.Count);
            for (var i = 0; i < count; i++)
            {
                var image = images[(int)((long)i * images.Count / count)];
                calibration.Add(Path.Combine(folder, image.FileName), image, byImage[image.Id]);
                bar.Show(i + 1, count);
            }
        }

        var (predictedIou, stability) = calibration.Best();
        foreach (var (name, p, s) in ((string, float, float)[])[("published", 0.7f, 0.9f), ("calibrated", predictedIou, stability)])
        {
            var (recall, masks) = calibration.At(p, s);
            Console.Error.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"automatic masks, {name} thresholds {p:0.0} and {s:0.0}: {100 * recall:0.0} % of "
                        + $"{calibration.Objects} objects found at IoU {AutomaticMaskCalibration.FoundIou}, "
                        + $"{masks:0.0} masks a photograph"
                )
            );
        }

        return new Masks(calibration.Photos, predictedIou, stability);
    }

    private static void Print(SaliencyFloor floor, Masks masks, string from)
    {
        using var output = new StandardOutput();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("from", from);
            Number("saliency_mean", floor.Mean);
            Number("saliency_peak", floor.Peak);
            if (masks.Photos > 0)
            {
                Number("pred_iou_thresh", masks.PredictedIou);
                Number("stability_score_thresh", masks.Stability);
                json.WriteBoolean("multimask", true);
            }

            json.WriteEndObject();

            // a float's own digits, not those of the double beside it
            void Number(string name, float value) => json.WriteNumber(name, (decimal)value);
        }

        output.WriteByte((byte)'\n');
    }
}
