using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// The automatic way over a camera's frames, with the saliency pass on every Nth only: in between, the clicks of the last pass are asked again, which halves the
/// work of a model of one graph and follows what moves slowly (docs/performance.md has the cost). A frame on which nothing is found is followed by a pass.
/// </summary>
internal sealed class AutomaticClicks
{
    private readonly PromptBuffer last = new();
    private float saliency;
    private int uses,
        width,
        height;

    /// <param name="segmenter">Shown the picture before.</param>
    /// <param name="embedding">Of the frame, or of the part of it that is looked at.</param>
    /// <param name="result">Filled, as <see cref="ISegmenter.Auto"/> does.</param>
    /// <param name="every">1: a pass on every frame.</param>
    public void Run(ISegmenter segmenter, Embedding embedding, Segmentation result, int every)
    {
        if (uses > 0 && uses < every && (width, height) == (embedding.FrameWidth, embedding.FrameHeight))
        {
            result.Prompt.CopyFrom(last);
            result.Saliency = saliency;
            segmenter.Decode(embedding, result);
            uses = result.Found ? uses + 1 : 0;
            return;
        }

        segmenter.Auto(embedding, result);
        if (every == 1)
            return;
        uses = result.Found ? 1 : 0;
        last.CopyFrom(result.Prompt);
        (saliency, width, height) = (result.Saliency, embedding.FrameWidth, embedding.FrameHeight);
    }
}
