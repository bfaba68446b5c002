using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Vision;

/// <summary>
/// One object of a picture: a binary mask in the picture's pixels, with its measures and scores. Immutable, holds no native memory, and
/// stays valid after the session and the model are disposed. When nothing was found, <see cref="Found"/> is false, <see cref="Reason"/>
/// says why, and no pixel is set.
/// </summary>
public sealed class Mask
{
    // only quotes, backslashes and control characters need escaping: run lengths would become longer with the default
    private static readonly JsonWriterOptions plainJson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly BinaryMask pixels = new();
    private readonly MaskGeometry geometry;
    private readonly string label;

    internal Mask(Segmentation source)
    {
        pixels.CopyFrom(source.Mask);
        (geometry, label) = (source.Geometry, source.Label);
        (Found, Reason, Score, PredictedIou) = (source.Found, source.Reason, source.Score, source.PredictedIou);
        (Saliency, Stability, IsZoomed) = (
            float.IsNaN(source.Saliency) ? null : source.Saliency,
            source.Stability,
            source.Found && source.IsZoomed
        );
        Prompt = Prompt.Of(source.Prompt);
    }

    /// <summary>Width of the picture and of the mask, in pixels.</summary>
    public int Width => pixels.Width;

    /// <summary>Height of the picture and of the mask, in pixels.</summary>
    public int Height => pixels.Height;

    /// <summary>True when an object was found: at least one pixel is set.</summary>
    public bool Found { get; }

    /// <summary>
    /// Why nothing was found: <c>nothing_salient</c> (no region of the saliency map is above its thresholds) or <c>empty_mask</c> (no pixel
    /// of the answer is foreground). Empty when an object was found.
    /// </summary>
    public string Reason { get; }

    /// <summary>Number of set pixels.</summary>
    public int Area => geometry.Area;

    /// <summary>Tight box around the set pixels, in pixels; empty when none is set.</summary>
    public Rect Bounds => new(geometry.Left, geometry.Top, geometry.Width, geometry.Height);

    /// <summary>
    /// Centre of mass of the set pixels, in pixels; the centre of the top-left pixel is (0.5, 0.5). (0, 0) when none is set.
    /// </summary>
    public Point2d Centroid => new(geometry.CentroidX, geometry.CentroidY);

    /// <summary>
    /// 0 to 1: <see cref="PredictedIou"/> x <see cref="Stability"/>, multiplied by <see cref="Saliency"/> where there is one. Compare masks
    /// of one model by it.
    /// </summary>
    public float Score { get; }

    /// <summary>0 to 1: the model's own estimate of the intersection over union (IoU) of the mask with the object.</summary>
    public float PredictedIou { get; }

    /// <summary>
    /// 0 to 1: mean saliency of the region that the clicks came from. Null unless the prompt was <see cref="Prompt.Automatic"/>.
    /// </summary>
    public float? Saliency { get; }

    /// <summary>0 to 1: how little the mask changes with its threshold (the stability score of SAM).</summary>
    public float Stability { get; }

    /// <summary>True when the mask was made by a second pass on a crop of the picture around the object.</summary>
    public bool IsZoomed { get; }

    /// <summary>The prompt that was used; for <see cref="Prompt.Automatic"/>, the clicks that the saliency map gave.</summary>
    public Prompt Prompt { get; }

    /// <summary>Whether a pixel belongs to the object; false outside the picture.</summary>
    /// <param name="x">Column, from 0.</param>
    /// <param name="y">Row, from 0.</param>
    public bool this[int x, int y] => pixels[x, y];

    /// <summary>Intersection over union with another mask, 0 to 1; 0 when both are empty.</summary>
    /// <param name="other">A mask of the same size.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public double Iou(Mask other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return BinaryMask.Iou(pixels, other.pixels);
    }

    /// <summary>
    /// The mask as a JSON object in COCO's compressed run-length encoding: <c>{"size":[height,width],"counts":"..."}</c>.
    /// <c>pycocotools.mask.decode</c> reads it after <c>json.loads</c>.
    /// </summary>
    public string ToCocoRle()
    {
        var counts = new ArrayBufferWriter<byte>();
        // without a cap on the bytes, encoding cannot fail
        new RunLength().TryEncode(pixels, counts, int.MaxValue);
        var bytes = new ArrayBufferWriter<byte>(counts.WrittenCount + 64);
        using (var json = new Utf8JsonWriter(bytes, plainJson))
        {
            json.WriteStartObject();
            json.WriteStartArray("size"u8);
            json.WriteNumberValue(Height);
            json.WriteNumberValue(Width);
            json.WriteEndArray();
            json.WriteString("counts"u8, counts.WrittenSpan);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>The outlines of the mask, outer rings and holes, largest first.</summary>
    /// <param name="tolerancePx">
    /// Greatest distance of a removed corner from the simplified outline, in pixels; 0 keeps every corner.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The tolerance is negative.</exception>
    public Polygon ToPolygon(double tolerancePx = 1) => Polygon.Trace(pixels, tolerancePx);

    /// <summary>The mask as a PNG file of one bit per pixel: set pixels are white, the others black.</summary>
    public byte[] ToPng() => MaskMat.ToPng(pixels);

    /// <summary>The mask as a matrix CV_8UC1, height x width: 255 where a pixel is set, 0 elsewhere. The caller disposes it.</summary>
    public Mat ToMat()
    {
        var mat = new Mat();
        MaskMat.ToMat(pixels, mat);
        return mat;
    }

    /// <summary>Draws the mask, its prompt and its score on a copy of the picture.</summary>
    /// <param name="image">CV_8UC3 (BGR) of the mask's size; it stays as it is.</param>
    /// <returns>A new picture, CV_8UC3; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">The picture has another size or type.</exception>
    public Mat DrawOn(Mat image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var prompt = new PromptBuffer { Box = Prompt.BoundingBox };
        foreach (var click in Prompt.Points)
            prompt.Add(click);
        return Overlay.Draw(image, Found ? pixels : null, prompt, label);
    }
}
