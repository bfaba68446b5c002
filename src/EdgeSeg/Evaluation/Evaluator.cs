using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Evaluation;

/// <summary>
/// The figures of a model on a COCO set: per object one click (first maximum of the mask's distance transform) and its tight box; per photograph
/// with a <c>salient</c> annotation the automatic mode and the saliency map. IoU leaves out pixels of <c>iscrowd</c> annotations.
/// </summary>
internal sealed class Evaluator(LoadedModel model, CocoSet set, string imageFolder) : IDisposable
{
    private readonly ISegmenter sam = model.Segmenter;
    private readonly Embedding embedding = model.Segmenter.CreateEmbedding();
    private readonly PhotoReader reader = new();
    private readonly RunLength runLength = new();
    private readonly Segmentation result = new();
    private readonly BinaryMask truth = new(),
        ignored = new(),
        scratch = new();
    private readonly Dictionary<int, string> categoryNames = set.Categories.ToDictionary(c => c.Id, c => c.Name);

    public SortedDictionary<string, Tally> Sets { get; } = new(StringComparer.Ordinal);

    public Tally Overall { get; } = new();

    /// <summary>Milliseconds of every run, by stage.</summary>
    public Dictionary<string, List<double>> LatencyMs { get; } = [];

    /// <summary>Photographs left out, each with its reason.</summary>
    public List<string> Failures { get; } = [];

    public void Run(int? limit, Action<int, int> progress, CancellationToken cancel)
    {
        var byImage = set.Annotations.ToLookup(a => a.ImageId);
        var images = set.Images.Where(i => byImage.Contains(i.Id)).Take(limit ?? int.MaxValue).ToList();
        for (var i = 0; i < images.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                Image(images[i], byImage[images[i].Id].ToList());
            }
            catch (OperatingException e)
            {
                Failures.Add(e.Message);
            }

            progress(i + 1, images.Count);
        }
    }

    private void Image(CocoImage image, List<CocoAnnotation> annotations)
    {
        using var pixels = reader.Read(Path.Combine(imageFolder, image.FileName));
        if (pixels.Cols != image.Width || pixels.Rows != image.Height)
            throw new OperatingException(
                $"{image.FileName}: is {pixels.Cols}x{pixels.Rows}, the annotations say {image.Width}x{image.Height}"
            );
        ignored.Reset(image.Width, image.Height);
        foreach (var crowd in annotations.Where(a => a.IsCrowd == 1))
        {
            crowd.Rasterise(image, runLength, scratch);
            ignored.Add(scratch);
        }

        result.Times = StageTimes.None;
        sam.Encode(pixels, embedding, ref result.Times);
        Record(Stage.Resize);
        foreach (var annotation in annotations.Where(a => a.IsCrowd == 0))
            Object(image, annotation);
    }

    private void Object(CocoImage image, CocoAnnotation annotation)
    {
        annotation.Rasterise(image, runLength, truth);
        var geometry = truth.Measure();
        if (geometry.Area == 0)
            return;
        var name = categoryNames.GetValueOrDefault(annotation.CategoryId, $"category {annotation.CategoryId}");
        if (!Sets.TryGetValue(name, out var tally))
            Sets[name] = tally = new Tally();

        Ask(PromptSource.Click, p => p.Add(DeepestPixel(truth)));
        var click = Iou(result.Mask);
        var best = 0.0;
        for (var i = 0; i < sam.MaskCount; i++)
        {
            if (sam.TryEnlarge(i, embedding, scratch))
                best = Math.Max(best, Iou(scratch));
        }

        Ask(
            PromptSource.Box,
            p => p.Box = new Box(geometry.Left, geometry.Top, geometry.Left + geometry.Width, geometry.Top + geometry.Height)
        );
        var box = Iou(result.Mask);
        tally.AddObject(click, best, box);
        Overall.AddObject(click, best, box);
        if (annotation.Kind == "salient")
            Automatic(tally);
    }

    private void Automatic(Tally tally)
    {
        sam.Auto(embedding, result);
        foreach (var stage in (ReadOnlySpan<Stage>)[Stage.Saliency, Stage.Clicks, Stage.Decode, Stage.Mask])
            Record(stage);
        var iou = result.Found ? Iou(result.Mask) : 0;
        foreach (var t in (ReadOnlySpan<Tally>)[tally, Overall])
        {
            t.AddAuto(iou);
            SaliencyScore.Add(sam.Saliency, truth, ignored, t);
        }
    }

    private void Ask(PromptSource source, Action<PromptBuffer> fill)
    {
        result.Prompt.Clear();
        result.Prompt.Source = source;
        fill(result.Prompt);
        sam.Decode(embedding, result);
        Record(Stage.Decode);
        Record(Stage.Mask);
        if (result.Reason == Segmentation.BadModelOutput)
            throw new OperatingException($"{model.Bundle.Folder}: the model gave values that are not numbers");
    }

    private double Iou(BinaryMask mask) => BinaryMask.Iou(mask, truth, ignored);

    private void Record(Stage stage)
    {
        var ms = result.Times[stage];
        if (double.IsNaN(ms))
            return;
        var name = StageTimes.Names[(int)stage];
        if (!LatencyMs.TryGetValue(name, out var list))
            LatencyMs[name] = list = [];
        list.Add(ms);
    }

    /// <summary>The centre of the pixel farthest from the mask's edge (the picture's edge counts as one): the first maximum in reading order.</summary>
    internal static Click DeepestPixel(BinaryMask mask)
    {
        using var image = new Mat();
        MaskMat.ToMat(mask, image);
        using var padded = new Mat();
        Cv2.CopyMakeBorder(image, padded, 1, 1, 1, 1, BorderTypes.Constant, Scalar.All(0));
        using var distance = new Mat();
        Cv2.DistanceTransform(padded, distance, DistanceTypes.L2, DistanceTransformMasks.Mask5);
        var (greatest, at) = (0f, (X: 0, Y: 0));
        for (var y = 1; y <= mask.Height; y++)
        {
            for (var x = 1; x <= mask.Width; x++)
            {
                var d = distance.At<float>(y, x);
                if (d > greatest)
                    (greatest, at) = (d, (x, y));
            }
        }

        return new Click(at.X - 0.5f, at.Y - 0.5f);
    }

    public void Dispose() => embedding.Dispose();
}
