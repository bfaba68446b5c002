using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// The automatic mode over a camera's frames, with the saliency pass on every Nth frame only: on the frames between, the clicks and the
/// crop of the last pass are used again, which halves the work and follows what moves slowly (docs/performance.md has the cost). A frame on
/// which nothing is found is followed by a pass.
/// </summary>
internal sealed class AutomaticClicks
{
    private readonly PromptBuffer last = new();
    private PixelWindow box;
    private float saliency;
    private int uses,
        width,
        height;

    /// <param name="zoom">Runs the model.</param>
    /// <param name="pixels">Of the frame, or of the part of it that is looked at.</param>
    /// <param name="embedding">Of the same.</param>
    /// <param name="result">Filled, as <see cref="ZoomSegmenter.Auto"/> does.</param>
    /// <param name="every">1: a pass on every frame.</param>
    public void Run(ZoomSegmenter zoom, Mat? pixels, Embedding embedding, Segmentation result, int every)
    {
        if (uses > 0 && uses < every && (width, height) == (embedding.FrameWidth, embedding.FrameHeight))
        {
            result.Prompt.CopyFrom(last);
            result.Saliency = saliency;
            zoom.Again(pixels, embedding, box, result);
            uses = result.Found ? uses + 1 : 0;
            return;
        }

        zoom.Auto(pixels, embedding, result);
        if (every == 1)
            return;
        uses = result.Found ? 1 : 0;
        last.CopyFrom(result.Prompt);
        (box, saliency, width, height) = (zoom.SalientBox, result.Saliency, embedding.FrameWidth, embedding.FrameHeight);
    }
}
