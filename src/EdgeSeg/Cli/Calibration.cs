using System.Globalization;
using System.Text.Json;
using EdgeSeg.Evaluation;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Saliency;

namespace EdgeSeg.Cli;

/// <summary>Measures the thresholds of a bundle on a COCO set. A photograph that cannot be used is reported; the others count.</summary>
internal sealed class Calibration(LoadedModel model, CocoPhotos source, CancellationToken cancel)
{
    private readonly ILookup<int, CocoAnnotation> objects = source.Set.Annotations.Where(a => a.IsCrowd == 0).ToLookup(a => a.ImageId);
    private readonly SortedSet<string> failures = new(StringComparer.Ordinal);

    private readonly record struct Masks(int Photos, float PredictedIou, float Stability);

    /// <summary>The exit code. The thresholds go to standard output, what they find to standard error.</summary>
    /// <param name="photos">For automatic masks; 0: none.</param>
    /// <param name="pointsPerSide">Of their grid.</param>
    /// <exception cref="OperatingException">Nothing can be measured.</exception>
    public int Run(int photos, int pointsPerSide)
    {
        try
        {
            var (floor, salient, empty) = Saliency();
            var masks = Automatic(photos, pointsPerSide);
            Print(
                floor,
                masks,
                $"{salient} photographs with and {empty} without an object; {masks?.Photos ?? 0} photographs for automatic masks"
            );
            return failures.Count == 0 && masks is not null ? ExitCode.Ok : ExitCode.Failed;
        }
        finally
        {
            EvalReport.Notes([.. failures], "photographs could not be measured");
            EvalReport.Notes([.. source.Warnings.Distinct()], "warnings");
            EvalReport.LeftOut(source.Set);
        }
    }

    /// <summary>
    /// The objects that automatic masks shall find. A <c>salient</c> annotation is the same object again, or a group of several.
    /// </summary>
    private IEnumerable<CocoAnnotation> Instances(int image) => objects[image].Where(a => a.Kind is null or "instances");

    private void Try(Action measure)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            measure();
        }
        catch (OperatingException e)
        {
            failures.Add(e.Message);
        }
    }

    private (SaliencyFloor Floor, int Salient, int Empty) Saliency()
    {
        using var calibration = new SaliencyCalibration(model.Segmenter, source);
        foreach (var image in source.Set.Images)
        {
            var isEmpty = image.Kind == Evaluator.Empty || objects[image.Id].Any(a => a.Kind == Evaluator.Empty);
            if (isEmpty || objects[image.Id].Any(a => a.Kind == Evaluator.Salient))
                Try(() => calibration.Add(image, isEmpty));
        }

        if (calibration.WithObject == 0)
            throw new OperatingException(
                failures.Count > 0
                    ? "no photograph with an object of kind \"salient\" could be measured"
                    : "no photograph has an object of kind \"salient\": name a set that has some with --annotations"
            );
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

    /// <summary>Null: there was something to measure, and it gave no thresholds.</summary>
    private Masks? Automatic(int photos, int pointsPerSide)
    {
        var images = source.Set.Images.Where(i => Instances(i.Id).Any()).ToList();
        if (photos == 0 || images.Count == 0)
            return new Masks();
        // every mask is kept, so that every threshold can be looked at afterwards
        var options = new AutomaticMaskOptions
        {
            PointsPerSide = pointsPerSide,
            PredictedIouThreshold = 0,
            StabilityScoreThreshold = 0,
            Multimask = true,
        };
        using var calibration = new AutomaticMaskCalibration(model.Segmenter, options, source);
        using (var bar = new ProgressBar("calibrate"))
        {
            var count = Math.Min(photos, images.Count);
            for (var i = 0; i < count; i++)
            {
                var image = images[(int)((long)i * images.Count / count)];
                Try(() => calibration.Add(image, Instances(image.Id)));
                bar.Show(i + 1, count);
            }
        }

        if (calibration.Best() is not var (predictedIou, stability))
        {
            Verbs.Fail(
                $"none of {calibration.Objects} objects on {calibration.Photos} photographs was found, so there are no thresholds of "
                    + "automatic masks: check that the annotations belong to the photographs"
            );
            return null;
        }

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

    private static void Print(SaliencyFloor floor, Masks? masks, string from)
    {
        using var output = new StandardOutput();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("from", from);
            Number("saliency_mean", floor.Mean);
            Number("saliency_peak", floor.Peak);
            if (masks is { Photos: > 0 } measured)
            {
                Number("pred_iou_thresh", measured.PredictedIou);
                Number("stability_score_thresh", measured.Stability);
                json.WriteBoolean("multimask", true);
            }

            json.WriteEndObject();

            // a float's own digits, not those of the double beside it
            void Number(string name, float value) => json.WriteNumber(name, (decimal)value);
        }

        output.WriteByte((byte)'\n');
    }
}
