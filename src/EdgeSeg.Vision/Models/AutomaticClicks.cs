using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// The automatic mode over a camera's frames with the saliency pass on every Nth frame only. The frames in between use the clicks of the
/// last pass, which halves the work of a model of one graph and follows slow objects (docs/performance.md has the cost). After a frame
/// without an object there is always a pass.
/// </summary>
internal sealed class AutomaticClicks
{
    private readonly PromptBuffer last = new();
    private float saliency;
    private int uses,
        width,
        height;

    /// <param name="segmenter">It has encoded the picture.</param>
    /// <param name="embedding">Of the frame, or of its region of interest.</param>
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
