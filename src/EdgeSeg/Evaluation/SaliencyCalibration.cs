using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Saliency;

namespace EdgeSeg.Evaluation;

/// <summary>
/// Finds the floor of saliency of a bundle: the highest that still finds the object in nearly all photographs that have one. What it finds
/// in photographs without an object measures how good it is.
/// </summary>
internal sealed class SaliencyCalibration : IDisposable
{
    /// <summary>Share of the photographs with an object that each of the two floors may lose.</summary>
    public const double MeanLoss = 0.005,
        PeakLoss = 0.015;

    private readonly ISegmenter segmenter;
    private readonly CocoPhotos photos;
    private readonly Embedding embedding;
    private readonly Segmentation result = new();
    private readonly List<(float Mean, float Peak)> withObject = [],
        empty = [];

    public SaliencyCalibration(ISegmenter segmenter, CocoPhotos photos)
    {
        (this.segmenter, this.photos) = (segmenter, photos);
        // everything above the threshold is measured
        segmenter.Floor = default;
        embedding = segmenter.CreateEmbedding();
    }

    public int WithObject => withObject.Count;

    public int Empty => empty.Count;

    /// <exception cref="OperatingException">The photograph cannot be read, or the model's output is not finite.</exception>
    public void Add(CocoImage image, bool isEmpty)
    {
        using var pixels = photos.Read(ref image);
        segmenter.Encode(pixels, embedding, ref result.Times);
        var found = segmenter.FindClicks(embedding, result);
        if (result.Reason == Segmentation.BadModelOutput)
            throw new OperatingException($"{image.FileName}: the model gave values that are not numbers");
        (isEmpty ? empty : withObject).Add(found ? (result.Saliency, result.SaliencyPeak) : (0, 0));
    }

    public SaliencyFloor Floor() => new(Lowest(withObject.Select(v => v.Mean), MeanLoss), Lowest(withObject.Select(v => v.Peak), PeakLoss));

    /// <summary>Photographs with an object in which it is found, and photographs without one in which something is found.</summary>
    public (int WithObject, int Empty) Found(SaliencyFloor floor) =>
        (withObject.Count(v => IsFound(v, floor)), empty.Count(v => IsFound(v, floor)));

    private static bool IsFound((float Mean, float Peak) blob, SaliencyFloor floor) =>
        blob.Mean > 0 && !floor.IsBelow(blob.Mean, blob.Peak);

    /// <summary>The greatest value, rounded down to four digits, that leaves at most a share of the values below it.</summary>
    private static float Lowest(IEnumerable<float> values, double loss)
    {
        float[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : MathF.Floor(sorted[(int)(sorted.Length * loss)] * 10_000) / 10_000;
    }

    public void Dispose() => embedding.Dispose();
}
