using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.AutomaticMasks;

/// <summary>One automatic mask of a picture.</summary>
/// <param name="Point">The point of the grid that it is the answer to.</param>
/// <param name="PredictedIou">0..1: the model's own estimate of the IoU with the object.</param>
/// <param name="Stability">0..1: see <see cref="AutomaticMaskOptions.StabilityScoreThreshold"/>.</param>
/// <param name="Geometry">Of the mask, in pixels of the frame.</param>
/// <param name="Counts">COCO run lengths in the frame's size.</param>
internal sealed record AutomaticMask(Click Point, float PredictedIou, float Stability, MaskGeometry Geometry, byte[] Counts)
{
    /// <summary>Makes <paramref name="result"/> the answer of this mask on a frame of the given size.</summary>
    public void CopyTo(Segmentation result, RunLength runLength, int width, int height)
    {
        if (!runLength.TryDecode(Counts, width, height, result.Mask, out var problem))
            throw new InvalidOperationException(problem);
        result.Prompt.Clear();
        result.Prompt.Source = PromptSource.Everything;
        result.Prompt.Add(Point);
        (result.Found, result.Reason, result.Geometry) = (true, "", Geometry);
        (result.PredictedIou, result.Stability, result.Score) = (PredictedIou, Stability, PredictedIou * Stability);
        (result.Saliency, result.Agreement, result.IsZoomed) = (float.NaN, float.NaN, false);
    }
}
