using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Evaluation;

/// <summary>
/// The figures of a model on a COCO set: per object one click (first maximum of the mask's distance transform) and its tight box; per
/// photograph with a <c>salient</c> annotation the automatic mode and the saliency map; photographs of kind <c>none</c> count the masks
/// found in them. IoU leaves out pixels of <c>iscrowd</c> annotations.
/// </summary>
internal sealed class Evaluator(LoadedModel model, CocoPhotos photos, bool isZoomOn = true) : IDisposable
{
    public const string Salient = "salient",
        Empty = "none";

    private readonly ISegmenter sam = model.Segmenter;
    private readonly ZoomSegmenter zoom = new(model.Segmenter, isZoomOn);
    private readonly Embedding embedding = model.Segmenter.CreateEmbedding();
    private readonly CocoSet set = photos.Set;
    private readonly Segmentation result = new();
    private readonly BinaryMask truth = new(),
        ignored = new(),
        scratch = new();
    private readonly Dictionary<int, string> categoryNames = photos.Set.Categories.ToDictionary(c => c.Id, c => c.Name);

    public SortedDictionary<string, Tally> Sets { get; } = new(StringComparer.Ordinal);

    public Tally Overall { get; } = new();

    /// <summary>Milliseconds of every run, by stage; and of every answer, by <see cref="Answers"/>.</summary>
    public Dictionary<string, List<double>> LatencyMs { get; } = [];

    /// <summary>Model runs of every answer, by <see cref="Answers"/>.</summary>
    public Dictionary<string, List<double>> Passes { get; } = [];

    public static IReadOnlyList<string> Answers { get; } = ["click", "box", "auto"];

    /// <summary>Photographs of kind <c>none</c>, and how many of them were answered with a mask.</summary>
    public int EmptyPhotos { get; private set; }

    public int EmptyFound { get; private set; }

    /// <summary>What is measured on, and in <see cref="CocoSet.Unused"/> what could not be used.</summary>
    public CocoSet Set => set;

    /// <summary>See <see cref="CocoPhotos.Warnings"/>.</summary>
    public IReadOnlyList<string> Warnings => photos.Warnings;

    /// <summary>Photographs left out, each with its reason.</summary>
    public List<string> Failures { get; } = [];

    public void Run(int? limit, Action<int, int> progress, CancellationToken cancel)
    {
        var byImage = set.Annotations.ToLookup(a => a.ImageId);
        var images = set.Images.Where(i => i.Kind == Empty || byImage.Contains(i.Id)).Take(limit ?? int.MaxValue).ToList();
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
        using var pixels = photos.Read(ref image);
        ignored.Reset(image.Width, image.Height);
        foreach (var crowd in annotations.Where(a => a.IsCrowd == 1))
        {
            if (photos.TryRasterise(crowd, image, scratch))
                ignored.Add(scratch);
        }

        result.Times = StageTimes.None;
        sam.Encode(pixels, embedding, ref result.Times);
        Record(Stage.Resize);
        if (image.Kind == Empty || annotations.Exists(a => a.Kind == Empty))
            Nothing(pixels);
        else
            foreach (var annotation in annotations.Where(a => a.IsCrowd == 0))
                Object(image, pixels, annotation);
    }

    private void Nothing(Mat pixels)
    {
        result.Times = StageTimes.None;
        zoom.Auto(pixels, embedding, result);
        RequireNumbers();
        EmptyPhotos++;
        if (result.Found)
            EmptyFound++;
    }

    private void Object(CocoImage image, Mat pixels, CocoAnnotation annotation)
    {
        if (!photos.TryRasterise(annotation, image, truth))
            return;
        var geometry = truth.Measure();
        if (geometry.Area == 0)
        {
            set.Count("annotation without a pixel in its picture");
            return;
        }
        var name = categoryNames.GetValueOrDefault(annotation.CategoryId, $"category {annotation.CategoryId}");
        if (!Sets.TryGetValue(name, out var tally))
            Sets[name] = tally = new Tally();

        Ask(pixels, PromptSource.Click, p => p.Add(DeepestPixel(truth)));
        var click = Iou(result.Mask);
        var best = 0.0;
        for (var i = 0; i < sam.MaskCount; i++)
        {
            if (zoom.TryEnlarge(i, image.Width, image.Height, scratch))
                best = Math.Max(best, Iou(scratch));
        }

        Ask(
            pixels,
            PromptSource.Box,
            p => p.Box = new Box(geometry.Left, geometry.Top, geometry.Left + geometry.Width, geometry.Top + geometry.Height)
        );
        var box = Iou(result.Mask);
        tally.AddObject(click, best, box);
        Overall.AddObject(click, best, box);
        if (annotation.Kind == Salient)
            Automatic(pixels, tally);
    }

    private void Automatic(Mat pixels, Tally tally)
    {
        result.Times = StageTimes.None;
        zoom.Auto(pixels, embedding, result);
        RequireNumbers();
        RecordAnswer("auto");
        var iou = result.Found ? Iou(result.Mask) : 0;
        foreach (var t in (ReadOnlySpan<Tally>)[tally, Overall])
        {
            t.AddAuto(result.Found, iou);
            SaliencyScore.Add(sam.Saliency, truth, ignored, t);
        }
    }

    private void Ask(Mat pixels, PromptSource source, Action<PromptBuffer> fill)
    {
        result.Times = StageTimes.None;
        result.Prompt.Clear();
        result.Prompt.Source = source;
        fill(result.Prompt);
        zoom.Decode(pixels, embedding, result);
        RequireNumbers();
        RecordAnswer(source == PromptSource.Box ? "box" : "click");
    }

    private void RequireNumbers()
    {
        if (result.Reason == Segmentation.BadModelOutput)
            throw new OperatingException($"{model.Bundle.Folder}: the model gave values that are not numbers");
    }

    private double Iou(BinaryMask mask) => BinaryMask.Iou(mask, truth, ignored);

    private void Record(Stage stage)
    {
        var ms = result.Times[stage];
        if (!double.IsNaN(ms))
            Add(LatencyMs, StageTimes.Names[(int)stage], ms);
    }

    private void RecordAnswer(string answer)
    {
        var (ms, passes) = (0.0, 0);
        for (var s = Stage.Embed; s <= Stage.Mask; s++)
        {
            Record(s);
            if (double.IsNaN(result.Times[s]))
                continue;
            ms += result.Times[s];
            passes += s is Stage.Saliency or Stage.Decode or Stage.Zoom ? 1 : 0;
        }

        Add(LatencyMs, answer, ms);
        Add(Passes, answer, passes);
    }

    private static void Add(Dictionary<string, List<double>> to, string name, double value)
    {
        if (!to.TryGetValue(name, out var list))
            to[name] = list = [];
        list.Add(value);
    }

    /// <summary>
    /// The centre of the pixel farthest from the mask's edge (the picture's edge counts as one): the first maximum in reading order.
    /// </summary>
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

    public void Dispose()
    {
        zoom.Dispose();
        embedding.Dispose();
    }
}
