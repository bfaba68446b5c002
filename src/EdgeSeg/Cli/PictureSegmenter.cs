using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>Masks of one picture after the other, for photographs and frames of videos alike. Its memory is kept; one thread.</summary>
internal sealed class PictureSegmenter : IDisposable
{
    private readonly LoadedModel model;
    private readonly SegmentSettings settings;
    private readonly Embedding embedding;
    private readonly ZoomSegmenter zoom;
    private readonly AutomaticMaskGenerator? automaticMasks;
    private readonly RunLength runLength = new();

    public PictureSegmenter(LoadedModel model, SegmentSettings settings)
    {
        (this.model, this.settings) = (model, settings);
        embedding = model.Segmenter.CreateEmbedding();
        zoom = new ZoomSegmenter(model.Segmenter, settings.IsZoomOn);
        if (settings.AutomaticMasks is not null)
            automaticMasks = new AutomaticMaskGenerator(model.Segmenter, settings.AutomaticMasks);
    }

    /// <summary>The last mask.</summary>
    public Segmentation Result { get; } = new();

    /// <summary>Points of the last grid at which <see cref="All"/> asked.</summary>
    public int PointsDone => automaticMasks?.PointsDone ?? 0;

    /// <summary>The object that the prompt means, or the salient one: <see cref="Result"/>, found or not.</summary>
    /// <param name="name">Of the picture, for messages.</param>
    /// <param name="pixels">8-bit BGR.</param>
    /// <exception cref="OperatingException">The prompt does not suit the picture, or the model gave values that are not
    /// numbers.</exception>
    public void One(string name, Mat pixels)
    {
        model.Segmenter.Encode(pixels, embedding, ref Result.Times);
        if (settings.Prompt is not { } prompt)
        {
            zoom.Auto(pixels, embedding, Result);
        }
        else
        {
            var refusal =
                PromptRules.RefuseNegative(prompt, model.Segmenter.AcceptsNegativeClicks)
                ?? PromptRules.Check(prompt, pixels.Cols, pixels.Rows, model.Segmenter.MaxPoints);
            if (refusal is not null)
                throw new OperatingException($"{name}: {refusal}");
            Result.Prompt.CopyFrom(prompt);
            zoom.Decode(pixels, embedding, Result);
        }

        if (Result.Reason == Segmentation.BadModelOutput)
            throw new OperatingException(
                $"{name}: the model {model.Name} gave values that are not numbers: its graph {model.Graph.File} is damaged or "
                    + "does not suit this runtime; try --precision fp32 or another bundle"
            );
        Result.ApplyMinimums(settings.MinScore, settings.MinArea);
    }

    /// <summary>The automatic masks of the whole picture that keep to the minimums, surest first.</summary>
    public List<AutomaticMask> All(Mat pixels)
    {
        model.Segmenter.Encode(pixels, embedding, ref Result.Times);
        var kept = new List<AutomaticMask>();
        foreach (var mask in automaticMasks!.Run(embedding))
        {
            Take(mask, pixels);
            Result.ApplyMinimums(settings.MinScore, settings.MinArea);
            if (Result.Found)
                kept.Add(mask);
        }

        return kept;
    }

    /// <summary>Makes <see cref="Result"/> that of one of the automatic masks.</summary>
    public void Take(AutomaticMask mask, Mat pixels) => mask.CopyTo(Result, runLength, pixels.Cols, pixels.Rows);

    public void Dispose()
    {
        automaticMasks?.Dispose();
        zoom.Dispose();
        embedding.Dispose();
    }
}
