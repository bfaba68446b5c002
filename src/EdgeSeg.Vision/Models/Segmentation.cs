using System.Globalization;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>The answer to one prompt on one frame. The instance and its mask are reused: valid until its owner segments again.</summary>
internal sealed class Segmentation
{
    public const string NothingSalient = "nothing_salient";
    public const string EmptyMask = "empty_mask";
    public const string Lost = "lost";
    public const string BadModelOutput = "bad_model_output";
    public const string BelowMinScore = "below_min_score";
    public const string BelowMinArea = "below_min_area";

    /// <summary>False when nothing salient was found or the mask came out empty; then <see cref="Mask"/> is empty.</summary>
    public bool Found { get; set; }

    /// <summary>Why nothing was found, one of the codes above; empty when found.</summary>
    public string Reason { get; set; } = "";

    /// <summary>0..1: predicted IoU x stability, times the mean saliency of the blob when the prompt is automatic.</summary>
    public float Score { get; set; }

    /// <summary>0..1: the model's own estimate of the mask's IoU with the object.</summary>
    public float PredictedIou { get; set; }

    /// <summary>
    /// 0..1: the part of the mask that stays when its threshold moves up and down by one logit (<see cref="MaskRanking.Stability"/>).
    /// </summary>
    public float Stability { get; set; }

    /// <summary>The mask was made from a crop around the object (<see cref="ZoomSegmenter"/>).</summary>
    public bool IsZoomed { get; set; }

    /// <summary>0..1: mean saliency of the blob that the clicks were taken from; NaN when the prompt is not automatic.</summary>
    public float Saliency { get; set; } = float.NaN;

    /// <summary>0..1: greatest saliency of that blob; NaN when the prompt is not automatic.</summary>
    public float SaliencyPeak { get; set; } = float.NaN;

    /// <summary>
    /// 0..1: IoU of the mask with the salient region that its clicks were taken from, at the resolution of the model's output; NaN where no
    /// saliency pass chose the mask.
    /// </summary>
    public float Agreement { get; set; } = float.NaN;

    /// <summary>The prompt that was used; for automatic mode its clicks are the sampled ones.</summary>
    public PromptBuffer Prompt { get; } = new();

    /// <summary>In frame pixels.</summary>
    public BinaryMask Mask { get; } = new();

    /// <summary>0..1: the part of the frame that the mask covers.</summary>
    public double AreaShare => Found ? Geometry.Area / ((double)Mask.Width * Mask.Height) : 0;

    /// <summary>Area, box and centroid of <see cref="Mask"/>.</summary>
    public MaskGeometry Geometry { get; set; }

    public StageTimes Times = StageTimes.None;

    private readonly BinaryMask moved = new();

    /// <summary>One line for a person: score and share of the picture, or why nothing was found.</summary>
    public string Label =>
        Found
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"score {Score:0.00}  area {100.0 * Mask.Area() / Math.Max(1, (long)Mask.Width * Mask.Height):0.0} %"
            )
            : $"nothing found: {Reason}";

    /// <summary>For an answer on a part of a frame: moves prompt and mask to their place in the whole frame.</summary>
    public void Place(int left, int top, int width, int height)
    {
        moved.CopyFrom(Mask);
        Mask.Reset(width, height);
        moved.PlaceInto(Mask, left, top);
        Geometry = Found
            ? Geometry with
            {
                Left = Geometry.Left + left,
                Top = Geometry.Top + top,
                CentroidX = Geometry.CentroidX + left,
                CentroidY = Geometry.CentroidY + top,
            }
            : default;
        Prompt.Move(left, top);
    }

    /// <summary>A mask below one of the minimums counts as not found; the reason says which.</summary>
    /// <param name="minScore">Least score, 0..1.</param>
    /// <param name="minArea">Least share of the frame, 0..1.</param>
    public void ApplyMinimums(double minScore, double minArea)
    {
        if (!Found)
            return;
        if (Score < minScore)
            MarkNotFound(BelowMinScore, Mask.Width, Mask.Height);
        else if (AreaShare < minArea)
            MarkNotFound(BelowMinArea, Mask.Width, Mask.Height);
    }

    /// <summary>Nothing was found: an empty mask of the frame's size, scores 0.</summary>
    public void MarkNotFound(string reason, int width, int height)
    {
        Found = false;
        Reason = reason;
        Score = 0;
        PredictedIou = 0;
        Stability = 0;
        Geometry = default;
        Mask.Reset(width, height);
    }
}
