using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Answers prompts with a second pass on a crop around the object ("zoom-in" in RITM and FocalClick), because a model of a small input sees
/// little of a small object in the whole frame. A box gives the crop at once, so that one pass is enough; clicks and the automatic mode
/// take two. The crop comes from the frame's own pixels. One caller at a time.
/// </summary>
internal sealed class ZoomSegmenter : IDisposable
{
    /// <summary>
    /// Sides of the crop over those of the box, of the mask's box and of the salient blob's box (docs/performance.md has the figures).
    /// </summary>
    private const double BoxMargin = 1.5,
        ClickMargin = 1.6,
        AutoMargin = 1.3;

    /// <summary>Least sides of the crop, in pixels: below them it shows the object without its surroundings.</summary>
    private const int MinBoxSide = 48,
        MinClickSide = 64;

    /// <summary>A crop of a greater part of the frame shows hardly more than the frame.</summary>
    private const double MaxCropShare = 0.7;

    private readonly ISegmenter segmenter;
    private readonly Embedding? crop;
    private readonly Decoding? decoding;
    private readonly PromptBuffer moved = new();
    private readonly Blobs blobs = new();
    private ulong[] region = [];
    private Decoding? last;
    private Embedding? lastWhole;
    private PixelWindow lastWindow;

    /// <param name="segmenter">Outlives this.</param>
    /// <param name="isOn">False: every prompt is answered by one pass on the whole frame.</param>
    public ZoomSegmenter(ISegmenter segmenter, bool isOn = true)
    {
        this.segmenter = segmenter;
        if (!isOn || !segmenter.GainsFromZoom)
            return;
        crop = segmenter.CreateEmbedding();
        decoding = segmenter.CreateDecoding();
    }

    /// <summary>Whether crops are looked at; false for a model that gains nothing from them.</summary>
    [MemberNotNullWhen(true, nameof(crop), nameof(decoding))]
    public bool IsOn => decoding is not null && crop is not null;

    /// <summary>Answers the prompt of clicks, a box, or both in <paramref name="result"/>.</summary>
    /// <param name="pixels">The frame, or a copy of it in less resolution; null: there are none any more, and no crop is looked at.</param>
    /// <param name="whole">The same frame, encoded; prompts and masks are in its pixels.</param>
    /// <param name="result">Filled as <see cref="ISegmenter.Decode"/> does, and says whether a crop was looked at.</param>
    public void Decode(Mat? pixels, Embedding whole, Segmentation result)
    {
        (result.IsZoomed, result.Agreement) = (false, float.NaN);
        if (!IsOn || pixels is null)
        {
            One(whole, result);
            return;
        }

        var (sx, sy) = ((double)pixels.Cols / whole.FrameWidth, (double)pixels.Rows / whole.FrameHeight);
        if (result.Prompt.Box is { } box)
        {
            var around = new PixelWindow(box.X0, box.Y0, box.Width, box.Height).Scale(sx, sy);
            // clicks beside the box are part of the prompt: the crop must show them
            foreach (var click in result.Prompt.Clicks)
            {
                if (!click.IsNegative)
                    around = around.Union(new PixelWindow(click.X * sx, click.Y * sy, 0, 0));
            }

            Look(pixels, whole, Enlarge(around, BoxMargin, MinBoxSide, pixels), result);
            return;
        }

        var first = segmenter.Ask(whole, result.Prompt, ref result.Times);
        var since = Stopwatch.GetTimestamp();
        var best = first.Best();
        var window = Object(first, best, whole, result.Prompt) is { } found
            ? Enlarge(found.Scale(pixels.Cols, pixels.Rows), ClickMargin, MinClickSide, pixels)
            : default;
        if (window.Width > 0 && !IsLarge(window, pixels))
        {
            Look(pixels, whole, window, result);
            return;
        }

        Finish(first, best, new PixelWindow(0, 0, whole.FrameWidth, whole.FrameHeight), whole, result);
        result.Times.Close(Stage.Mask, since);
    }

    /// <summary>
    /// One of the masks of the last answer, enlarged to the frame (for evaluation: the best of three). False when it is not finite.
    /// </summary>
    public bool TryEnlarge(int index, int width, int height, BinaryMask mask) =>
        last is { } answer
            ? LogitsToMask.Enlarge(answer.Logits(index), answer.Width, answer.Height, mask, width, height, lastWindow)
            : lastWhole is { } whole && segmenter.TryEnlarge(index, whole, mask);

    /// <summary>The automatic mode: the salient blob gives clicks and crop, and the mask that fits the blob best is taken.</summary>
    public void Auto(Mat? pixels, Embedding whole, Segmentation result)
    {
        (result.IsZoomed, result.Agreement) = (false, float.NaN);
        if (!segmenter.FindClicks(whole, result))
        {
            result.MarkNotFound(result.Reason, whole.FrameWidth, whole.FrameHeight);
            return;
        }

        if (!segmenter.GainsFromZoom)
        {
            One(whole, result);
            return;
        }

        if (IsOn && pixels is not null)
        {
            var window = Enlarge(segmenter.Salient.Box.Scale(pixels.Cols, pixels.Rows), AutoMargin, MinClickSide, pixels);
            if (!IsLarge(window, pixels))
            {
                Look(pixels, whole, window, result, segmenter.Salient);
                return;
            }
        }

        var first = segmenter.Ask(whole, result.Prompt, ref result.Times);
        var since = Stopwatch.GetTimestamp();
        var frame = new PixelWindow(0, 0, whole.FrameWidth, whole.FrameHeight);
        var best = BestFor(first, segmenter.Salient, new PixelWindow(0, 0, 1, 1));
        Finish(first, best, frame, whole, result);
        result.Agreement = first.Agreement(best, region);
        result.Times.Close(Stage.Mask, since);
    }

    /// <summary>The box of the last salient blob, in shares (0..1) of the frame.</summary>
    public PixelWindow SalientBox => segmenter.Salient.Box;

    /// <summary>One pass for the clicks in <paramref name="result"/>, on the crop around a box that is known.</summary>
    /// <param name="pixels">See <see cref="Decode"/>.</param>
    /// <param name="whole">See <see cref="Decode"/>.</param>
    /// <param name="box">In shares (0..1) of the frame.</param>
    /// <param name="result">See <see cref="Decode"/>.</param>
    public void Again(Mat? pixels, Embedding whole, PixelWindow box, Segmentation result)
    {
        (result.IsZoomed, result.Agreement) = (false, float.NaN);
        // a wider crop than that of the saliency pass: the object may have moved
        var window = IsOn && pixels is not null ? Enlarge(box.Scale(pixels.Cols, pixels.Rows), ClickMargin, MinClickSide, pixels) : default;
        if (pixels is null || window.Width == 0 || IsLarge(window, pixels))
            One(whole, result);
        else
            Look(pixels, whole, window, result);
    }

    /// <summary>One pass on the whole frame.</summary>
    private void One(Embedding whole, Segmentation result)
    {
        if (!segmenter.GainsFromZoom)
        {
            (last, lastWhole) = (null, whole);
            segmenter.Decode(whole, result);
            return;
        }

        var first = segmenter.Ask(whole, result.Prompt, ref result.Times);
        var since = Stopwatch.GetTimestamp();
        Finish(first, first.Best(), new PixelWindow(0, 0, whole.FrameWidth, whole.FrameHeight), whole, result);
        result.Times.Close(Stage.Mask, since);
    }

    private void Finish(Decoding answer, int best, PixelWindow window, Embedding whole, Segmentation result)
    {
        (last, lastWindow) = (answer, window);
        answer.Finish(best, window, whole.FrameWidth, whole.FrameHeight, result);
    }

    /// <summary>The pass on a crop.</summary>
    /// <param name="pixels">Of the frame.</param>
    /// <param name="whole">Gives the frame's size.</param>
    /// <param name="window">In pixels of <paramref name="pixels"/>, whole.</param>
    /// <param name="result">Its prompt is asked again.</param>
    /// <param name="salient">What the mask has to fit; null: nothing.</param>
    private void Look(Mat pixels, Embedding whole, PixelWindow window, Segmentation result, SalientRegion? salient = null)
    {
        if (!IsOn)
            throw new InvalidOperationException("zoom is off");
        var since = Stopwatch.GetTimestamp();
        // encoding closes the stage of the whole frame, whose time is kept
        var times = StageTimes.None;
        using (var part = pixels.SubMat((int)window.Y, (int)(window.Y + window.Height), (int)window.X, (int)(window.X + window.Width)))
            segmenter.Encode(part, crop, ref times);
        segmenter.EnsureEncoded(crop, ref times);
        since = result.Times.Close(Stage.Crop, since);
        moved.CopyFrom(result.Prompt);
        var (sx, sy) = ((double)whole.FrameWidth / pixels.Cols, (double)whole.FrameHeight / pixels.Rows);
        moved.Place(1 / sx, 1 / sy, -window.X, -window.Y);
        moved.DropNegativeOutside(crop.FrameWidth, crop.FrameHeight);
        decoding.Run(crop, moved);
        since = result.Times.Close(Stage.Zoom, since);
        var best = salient is null ? decoding.Best() : BestFor(decoding, salient, window.Scale(1.0 / pixels.Cols, 1.0 / pixels.Rows));
        Finish(decoding, best, window.Scale(sx, sy), whole, result);
        result.IsZoomed = true;
        if (salient is not null)
            result.Agreement = decoding.Agreement(best, region);
        result.Times.Close(Stage.Mask, since);
    }

    private int BestFor(Decoding of, SalientRegion salient, PixelWindow shares)
    {
        var words = (of.Width * of.Height + 63) >> 6;
        if (region.Length != words)
            region = new ulong[words];
        salient.Sample(shares, of.Width, of.Height, region);
        return of.BestFor(region);
    }

    /// <summary>Where the mask's parts under the clicks lie, in shares of the frame; null for an empty mask.</summary>
    private PixelWindow? Object(Decoding first, int mask, Embedding whole, PromptBuffer prompt)
    {
        blobs.Label(first.Logits(mask), first.Width, first.Height);
        PixelWindow? all = null;
        foreach (var click in prompt.Clicks)
        {
            if (click.IsNegative)
                continue;
            if (blobs.BoxAt(click.X * first.Width / whole.FrameWidth, click.Y * first.Height / whole.FrameHeight) is not { } b)
                return null;
            var part = new PixelWindow(b.X0, b.Y0, b.X1 - b.X0, b.Y1 - b.Y0);
            all = all?.Union(part) ?? part;
        }

        return all?.Scale(1.0 / first.Width, 1.0 / first.Height);
    }

    /// <summary>Enlarged around its centre, then cut at the picture's edges and rounded outwards to whole pixels.</summary>
    private static PixelWindow Enlarge(PixelWindow window, double margin, int minSide, Mat pixels)
    {
        double width = Math.Max(window.Width * margin, minSide),
            height = Math.Max(window.Height * margin, minSide);
        double cx = window.X + window.Width / 2,
            cy = window.Y + window.Height / 2;
        double x0 = Math.Clamp(Math.Floor(cx - width / 2), 0, pixels.Cols - 1),
            y0 = Math.Clamp(Math.Floor(cy - height / 2), 0, pixels.Rows - 1);
        double x1 = Math.Clamp(Math.Ceiling(cx + width / 2), x0 + 1, pixels.Cols),
            y1 = Math.Clamp(Math.Ceiling(cy + height / 2), y0 + 1, pixels.Rows);
        return new PixelWindow(x0, y0, x1 - x0, y1 - y0);
    }

    private static bool IsLarge(PixelWindow window, Mat pixels) => window.Area > MaxCropShare * pixels.Cols * pixels.Rows;

    public void Dispose()
    {
        decoding?.Dispose();
        crop?.Dispose();
    }
}
