using System.Runtime.InteropServices;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>Result of one pass of the model on a followed object.</summary>
/// <param name="Area">Pixels of the frame that belong to the object.</param>
/// <param name="Agreement">0..1: IoU of the best of the model's masks with the moved mask.</param>
/// <param name="PredictedIou">0..1: the model's estimate for the mask that counted most.</param>
/// <param name="Stability">0..1: of that mask.</param>
/// <param name="Similarity">0..1: the colours of the result against the object's.</param>
internal readonly record struct Look(double Area, float Agreement, float PredictedIou, float Stability, float Similarity);

/// <summary>
/// One pass of the model on the frame's pixels around a moved mask, a second one with another prompt where the first disagrees with it, and
/// the sum of the evidence: the model's masks, each weighted by its score and its agreement with the moved mask; the moved mask's distance
/// field; the earlier evidence; the colours. Memory is shared by all objects that are followed with one model. One thread.
/// </summary>
internal sealed class MaskRefiner : IDisposable
{
    private const double CropScale = 1.7,
        MinCropPx = 48;

    private const float SureAgreement = 0.75f,
        DistanceScale = 0.03f,
        DistanceLimit = 3,
        Recall = 0.3f,
        ColourWeight = 0.4f,
        ColourLimit = 2;

    private readonly ISegmenter segmenter;
    private readonly Embedding embedding;
    private readonly Decoding decoding;
    private readonly FrameResizer resizer = new();
    private readonly PromptBuffer prompt = new();
    private readonly List<Run> runs = [];
    private readonly Mat colours,
        inside,
        outside,
        distanceInside = new(),
        distanceOutside = new();
    private readonly float[] moved,
        logits,
        colour,
        blurred;
    private readonly ushort[] bins;
    private readonly MaskBlend blend;

    public MaskRefiner(ISegmenter segmenter)
    {
        this.segmenter = segmenter;
        embedding = segmenter.CreateEmbedding();
        decoding = segmenter.CreateDecoding();
        (Width, Height) = (decoding.Width, decoding.Height);
        colours = new Mat(Height, Width, MatType.CV_8UC3);
        inside = new Mat(Height, Width, MatType.CV_8UC1);
        outside = new Mat(Height, Width, MatType.CV_8UC1);
        var cells = Width * Height;
        (moved, logits) = (new float[cells], new float[cells]);
        (colour, blurred) = (new float[cells], new float[cells]);
        bins = new ushort[cells];
        blend = new MaskBlend(decoding, logits);
    }

    /// <summary>Size of the grids, that of the model's masks.</summary>
    public int Width { get; }

    public int Height { get; }

    /// <summary>Passes of the model so far.</summary>
    public long Passes { get; private set; }

    /// <summary>The result of the last look: above 0 is the object.</summary>
    public ReadOnlySpan<float> Logits => logits;

    /// <summary>The moved mask of the last look.</summary>
    public ReadOnlySpan<float> Moved => moved;

    /// <summary>The part of the frame of both.</summary>
    public Rect Crop { get; private set; }

    /// <summary>
    /// The part of the frame around a box: enlarged, at least <paramref name="minPx"/> pixels on a side, clipped to the frame.
    /// </summary>
    public static Rect CropAround(Box box, double scale, double minPx, int frameWidth, int frameHeight)
    {
        double cx = (box.X0 + box.X1) / 2.0,
            cy = (box.Y0 + box.Y1) / 2.0,
            w = Math.Max(box.Width * scale, minPx) / 2,
            h = Math.Max(box.Height * scale, minPx) / 2;
        int x0 = (int)Math.Clamp(Math.Floor(cx - w), 0, frameWidth - 2),
            y0 = (int)Math.Clamp(Math.Floor(cy - h), 0, frameHeight - 2),
            x1 = (int)Math.Clamp(Math.Ceiling(cx + w), x0 + 2, frameWidth),
            y1 = (int)Math.Clamp(Math.Ceiling(cy + h), y0 + 2, frameHeight);
        return new Rect(x0, y0, x1 - x0, y1 - y0);
    }

    /// <summary>The crop in which an object is looked for.</summary>
    public static Rect CropFor(Box box, int frameWidth, int frameHeight) => CropAround(box, CropScale, MinCropPx, frameWidth, frameHeight);

    /// <summary>The colours of a part of the frame, as histogram bins of the grid's cells.</summary>
    public ReadOnlySpan<ushort> Index(Mat part, Appearance appearance)
    {
        resizer.Fill(part, colours);
        appearance.Index(colours, bins);
        return bins;
    }

    /// <summary>
    /// Looks for an object where a motion has taken it. False when it has left the frame, or the model's values are not numbers.
    /// </summary>
    /// <param name="frame">8-bit BGR.</param>
    /// <param name="grid">The object in the frame before.</param>
    /// <param name="motion">From the frame before to this one.</param>
    /// <param name="appearance">The object's colours.</param>
    /// <param name="useBox">Prompt with the moved mask's box; else with five clicks on it. Alternate them: each finds what the other
    /// misses.</param>
    /// <param name="useEarlier">Add the earlier evidence; not when the object may have been covered.</param>
    /// <param name="look">What was seen.</param>
    public bool TryLook(Mat frame, TrackGrid grid, Affine motion, Appearance appearance, bool useBox, bool useEarlier, out Look look)
    {
        look = default;
        if (!grid.TryBox(motion, out var box) || box.X1 < 1 || box.Y1 < 1 || box.X0 > frame.Cols - 1 || box.Y0 > frame.Rows - 1)
            return false;
        box = new Box(Math.Max(0, box.X0), Math.Max(0, box.Y0), Math.Min(frame.Cols, box.X1), Math.Min(frame.Rows, box.Y1));
        Crop = CropFor(box, frame.Cols, frame.Rows);
        grid.Move(motion, Crop, moved);
        TrackGrid.Runs(moved, Width, runs);
        if (runs.Count == 0)
            return false;
        using var part = frame.SubMat(Crop);
        var times = StageTimes.None;
        segmenter.Encode(part, embedding, ref times);
        segmenter.EnsureEncoded(embedding, ref times);
        Ask(part, useBox);
        if (!blend.TryWeigh(moved, ref look, out var score, out var mass))
            return false;
        if (look.Agreement < SureAgreement)
        {
            Ask(part, !useBox);
            if (!blend.TryJoin(moved, ref look, score, mass))
                return false;
        }

        Index(part, appearance);
        AddDistance();
        if (useEarlier)
        {
            for (var i = 0; i < logits.Length; i++)
                logits[i] += Recall * moved[i];
        }

        AddColour(appearance);
        var cells = 0;
        foreach (var value in logits)
            if (value > 0)
                cells++;
        look = look with
        {
            Area = (double)cells * Crop.Width * Crop.Height / logits.Length,
            Similarity = appearance.Similarity(bins, logits),
        };
        return cells > 0;
    }

    /// <summary>One pass of the model.</summary>
    private void Ask(Mat part, bool useBox)
    {
        prompt.Clear();
        double sx = (double)Crop.Width / Width,
            sy = (double)Crop.Height / Height;
        var region = CollectionsMarshal.AsSpan(runs);
        if (useBox)
            prompt.Box = BoxOf(region, sx, sy);
        else
            RegionClicks.Add(region, Width, Height, sx, sy, prompt, segmenter.MaxPoints);
        decoding.Run(embedding, prompt);
        Passes++;
    }

    private static Box BoxOf(ReadOnlySpan<Run> region, double sx, double sy)
    {
        int x0 = int.MaxValue,
            x1 = 0;
        foreach (var run in region)
            (x0, x1) = (Math.Min(x0, run.From), Math.Max(x1, run.To));
        return new Box((float)(x0 * sx), (float)(region[0].Y * sy), (float)(x1 * sx), (float)((region[^1].Y + 1) * sy));
    }

    /// <summary>The signed distance from the moved mask's edge, as a share of the crop.</summary>
    private unsafe void AddDistance()
    {
        for (var y = 0; y < Height; y++)
        {
            Span<byte> a = new((void*)inside.Ptr(y), Width),
                b = new((void*)outside.Ptr(y), Width);
            for (var x = 0; x < Width; x++)
                (a[x], b[x]) = moved[y * Width + x] > 0 ? ((byte)1, (byte)0) : ((byte)0, (byte)1);
        }

        Cv2.DistanceTransform(inside, distanceInside, DistanceTypes.L2, DistanceTransformMasks.Mask3);
        Cv2.DistanceTransform(outside, distanceOutside, DistanceTypes.L2, DistanceTransformMasks.Mask3);
        var scale = 1 / (DistanceScale * Width);
        for (var y = 0; y < Height; y++)
        {
            ReadOnlySpan<float> a = new((void*)distanceInside.Ptr(y), Width),
                b = new((void*)distanceOutside.Ptr(y), Width);
            for (var x = 0; x < Width; x++)
            {
                // without a single pixel of the other kind, OpenCV's distances are huge
                logits[y * Width + x] += Math.Clamp((a[x] - b[x]) * scale, -DistanceLimit, DistanceLimit);
            }
        }
    }

    /// <summary>Adds the colours' evidence, smoothed over the neighbouring cells.</summary>
    private void AddColour(Appearance appearance)
    {
        var evidence = appearance.Evidence();
        for (var i = 0; i < colour.Length; i++)
            colour[i] = Math.Clamp(evidence[bins[i]], -ColourLimit, ColourLimit);
        for (var round = 0; round < 2; round++)
            Blur();
        for (var i = 0; i < logits.Length; i++)
            logits[i] += ColourWeight * colour[i];
    }

    /// <summary>Weights 1, 2, 1 along rows and columns; two rounds are close to a Gaussian of one cell.</summary>
    private void Blur()
    {
        for (var i = 0; i < colour.Length; i++)
        {
            var x = i % Width;
            blurred[i] = 0.5f * colour[i] + 0.25f * (colour[x > 0 ? i - 1 : i] + colour[x < Width - 1 ? i + 1 : i]);
        }

        for (var i = 0; i < colour.Length; i++)
            colour[i] =
                0.5f * blurred[i] + 0.25f * (blurred[i >= Width ? i - Width : i] + blurred[i < colour.Length - Width ? i + Width : i]);
    }

    public void Dispose()
    {
        decoding.Dispose();
        embedding.Dispose();
        colours.Dispose();
        inside.Dispose();
        outside.Dispose();
        distanceInside.Dispose();
        distanceOutside.Dispose();
    }
}
