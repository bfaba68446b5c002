using System.Buffers;
using System.Text;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Annotation;

/// <summary>Which masks are kept.</summary>
/// <param name="MinScore">Least score, 0..1.</param>
/// <param name="MinArea">Least share of the picture, 0..1.</param>
internal sealed record MaskFilter(double MinScore, double MinArea);

/// <summary>Finds the objects of one photograph after the other, and hands them to an export.</summary>
internal sealed class PhotoAnnotator : IDisposable
{
    public const string MainLabel = "object";

    private readonly LoadedModel model;
    private readonly AnnotationExport export;
    private readonly MaskFilter filter;
    private readonly BoxPrompts? boxes;
    private readonly AutomaticMaskGenerator? automaticMasks;
    private readonly ZoomSegmenter zoom;
    private readonly Embedding embedding;
    private readonly PhotoReader reader = new();
    private readonly Segmentation result = new();
    private readonly RunLength runLength = new();
    private readonly ArrayBufferWriter<byte> counts = new();

    /// <param name="model">The model in use.</param>
    /// <param name="export">Gets each photograph and its objects.</param>
    /// <param name="filter">Which masks are kept.</param>
    /// <param name="boxes">Prompts; null: none.</param>
    /// <param name="wanted">Automatic masks; null: the main object, or those of the boxes.</param>
    public PhotoAnnotator(LoadedModel model, AnnotationExport export, MaskFilter filter, BoxPrompts? boxes, AutomaticMaskOptions? wanted)
    {
        (this.model, this.export, this.filter, this.boxes) = (model, export, filter, boxes);
        embedding = model.Segmenter.CreateEmbedding();
        zoom = new ZoomSegmenter(model.Segmenter);
        if (wanted is not null)
            automaticMasks = new AutomaticMaskGenerator(model.Segmenter, wanted);
    }

    /// <summary>What was wrong with the last photograph although it could be read; empty: nothing.</summary>
    public string Warning => reader.Warning;

    /// <summary>The photograph's objects; its files are written.</summary>
    public AnnotatedPhoto Annotate(Photo photo)
    {
        Mat pixels;
        try
        {
            pixels = reader.Read(photo.Path);
        }
        catch (OperatingException e)
        {
            return new AnnotatedPhoto(photo.Name, photo.Path) { Fault = e.Message };
        }
        using (pixels)
        {
            var annotated = new AnnotatedPhoto(photo.Name, photo.Path) { Width = pixels.Cols, Height = pixels.Rows };
            export.Begin(annotated, pixels);
            result.Times = StageTimes.None;
            if (boxes is not null)
                Boxes(photo, annotated, pixels);
            else if (automaticMasks is not null)
                All(annotated, pixels);
            else
                Main(annotated, pixels);
            export.End(annotated);
            return annotated;
        }
    }

    private void Main(AnnotatedPhoto photo, Mat pixels)
    {
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        zoom.Auto(pixels, embedding, result);
        Keep(photo, pixels, MainLabel);
    }

    private void All(AnnotatedPhoto photo, Mat pixels)
    {
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        foreach (var mask in automaticMasks!.Run(embedding))
        {
            mask.CopyTo(result, runLength, pixels.Cols, pixels.Rows);
            Keep(photo, pixels, MainLabel);
        }
    }

    private void Boxes(Photo of, AnnotatedPhoto photo, Mat pixels)
    {
        var list = boxes!.Of(of);
        if (list.Count == 0)
            return;
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        foreach (var (box, label) in list)
        {
            // detectors give boxes that reach over the edge by a fraction
            var inside = new Box(Math.Max(0, box.X0), Math.Max(0, box.Y0), Math.Min(pixels.Cols, box.X1), Math.Min(pixels.Rows, box.Y1));
            result.Prompt.Clear();
            result.Prompt.Source = PromptSource.Box;
            result.Prompt.Box = inside;
            if (PromptRules.Check(result.Prompt, pixels.Cols, pixels.Rows, model.Segmenter.MaxPoints) is not null)
            {
                photo.BoxesOutside++;
                continue;
            }
            zoom.Decode(pixels, embedding, result);
            Keep(photo, pixels, label);
        }
    }

    private void Keep(AnnotatedPhoto photo, Mat pixels, string label)
    {
        if (result.Reason == Segmentation.BadModelOutput)
            throw new OperatingException(
                $"{photo.Path}: the model {model.Name} gave values that are not numbers: try --precision fp32 or another bundle"
            );
        result.ApplyMinimums(filter.MinScore, filter.MinArea);
        if (!result.Found || result.Geometry.Area == 0)
            return;
        counts.Clear();
        if (!runLength.TryEncode(result.Mask, counts, int.MaxValue))
            return;
        var (left, top) = (result.Geometry.Left, result.Geometry.Top);
        int[] box = [left, top, result.Geometry.Width, result.Geometry.Height];
        var one = new AnnotatedObject(label, result.Score, result.Geometry.Area, box, Encoding.ASCII.GetString(counts.WrittenSpan));
        photo.Objects.Add(one);
        export.Add(photo, pixels, one, result.Mask);
    }

    public void Dispose()
    {
        automaticMasks?.Dispose();
        zoom.Dispose();
        embedding.Dispose();
    }
}
