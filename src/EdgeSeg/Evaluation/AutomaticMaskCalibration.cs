using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Evaluation;

/// <summary>
/// Finds the thresholds of automatic masks of a bundle: those by which most labelled objects are found (IoU of at least .5 with one of at
/// most 100 masks), and among equally good ones the highest, which leave the fewest masks.
/// </summary>
internal sealed class AutomaticMaskCalibration : IDisposable
{
    /// <summary>Masks of a photograph that count, and the IoU from which an object is found.</summary>
    public const int MaxMasks = 100;

    public const double FoundIou = 0.5;

    /// <summary>Recall that a higher threshold may cost.</summary>
    private const double Tolerance = 0.025;

    private static readonly float[] steps = [0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f];

    private readonly AutomaticMaskGenerator generator;
    private readonly ISegmenter segmenter;
    private readonly Embedding embedding;
    private readonly CocoPhotos source;
    private readonly RunLength runLength = new();
    private readonly BinaryMask truth = new(),
        mask = new();
    private readonly List<(List<(float PredictedIou, float Stability)> Masks, List<int[]> FoundBy)> photos = [];

    public AutomaticMaskCalibration(ISegmenter segmenter, AutomaticMaskOptions options, CocoPhotos source)
    {
        (this.segmenter, this.source) = (segmenter, source);
        embedding = segmenter.CreateEmbedding();
        generator = new AutomaticMaskGenerator(segmenter, options);
    }

    public int Photos => photos.Count;

    public int Objects => photos.Sum(p => p.FoundBy.Count);

    /// <summary>Measures a photograph. Annotations that cannot be drawn are counted in the set.</summary>
    /// <exception cref="OperatingException">The photograph cannot be read.</exception>
    public void Add(CocoImage image, IEnumerable<CocoAnnotation> objects)
    {
        using var pixels = source.Read(ref image);
        var times = StageTimes.None;
        segmenter.Encode(pixels, embedding, ref times);
        var found = generator.Run(embedding);
        var truths = new List<BinaryMask>();
        foreach (var one in objects)
        {
            if (!source.TryRasterise(one, image, truth))
                continue;
            var kept = new BinaryMask();
            kept.CopyFrom(truth);
            if (kept.Area() > 0)
                truths.Add(kept);
        }

        var foundBy = truths.ConvertAll(_ => new List<int>());
        for (var i = 0; i < found.Count; i++)
        {
            if (!runLength.TryDecode(found[i].Counts, image.Width, image.Height, mask, out var problem))
                throw new OperatingException($"{image.FileName}: {problem}");
            for (var t = 0; t < truths.Count; t++)
            {
                if (BinaryMask.Iou(mask, truths[t]) >= FoundIou)
                    foundBy[t].Add(i);
            }
        }

        photos.Add(([.. found.Select(f => (f.PredictedIou, f.Stability))], foundBy.ConvertAll(f => f.ToArray())));
    }

    /// <summary>Share of the objects that are found, and masks a photograph, with these thresholds.</summary>
    public (double Recall, double Masks) At(float predictedIou, float stability)
    {
        int hits = 0,
            masks = 0;
        foreach (var (all, foundBy) in photos)
        {
            int[] kept =
            [
                .. Enumerable
                    .Range(0, all.Count)
                    .Where(i => all[i].PredictedIou > predictedIou && all[i].Stability > stability)
                    .Take(MaxMasks),
            ];
            masks += kept.Length;
            hits += foundBy.Count(by => by.Intersect(kept).Any());
        }

        return (Objects == 0 ? 0 : (double)hits / Objects, photos.Count == 0 ? 0 : (double)masks / photos.Count);
    }

    /// <summary>The thresholds to write into the bundle; null: no object is found with any, so that none is better.</summary>
    public (float PredictedIou, float Stability)? Best()
    {
        var all = steps.SelectMany(p => steps.Select(s => (PredictedIou: p, Stability: s, At(p, s).Recall))).ToList();
        var greatest = all.Max(a => a.Recall);
        if (greatest == 0)
            return null;
        var best = all.Where(a => a.Recall >= greatest - Tolerance).MaxBy(a => a.PredictedIou + a.Stability);
        return (best.PredictedIou, best.Stability);
    }

    public void Dispose()
    {
        generator.Dispose();
        embedding.Dispose();
    }
}
