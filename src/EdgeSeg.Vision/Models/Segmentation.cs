using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>What came of one prompt on one frame. The instance and its mask are reused: valid until its owner segments again.</summary>
internal sealed class Segmentation
{
    public const string NothingSalient = "nothing_salient";
    public const string EmptyMask = "empty_mask";
    public const string BadModelOutput = "bad_model_output";
    public const string BelowMinScore = "below_min_score";
    public const string BelowMinArea = "below_min_area";

    /// <summary>False when nothing salient was found or the mask came out empty; then <see cref="Mask"/> is empty.</summary>
    public bool Found { get; set; }

    /// <summary>Why nothing was found, one of the codes above; empty when found.</summary>
    public string Reason { get; set; } = "";

    /// <summary>0..1: predicted IoU, times the mean saliency of the blob when the prompt is automatic.</summary>
    public float Score { get; set; }

    /// <summary>0..1: the model's own estimate of the mask's IoU with the object.</summary>
    public float PredictedIou { get; set; }

    /// <summary>0..1: mean saliency of the blob that the clicks were taken from; NaN when the prompt is not automatic.</summary>
    public float Saliency { get; set; } = float.NaN;

    /// <summary>The prompt that was used; for automatic mode its clicks are the sampled ones.</summary>
    public PromptBuffer Prompt { get; } = new();

    /// <summary>In frame pixels.</summary>
    public BinaryMask Mask { get; } = new();

    /// <summary>Area, box and centroid of <see cref="Mask"/>.</summary>
    public MaskGeometry Geometry { get; set; }

    private readonly BinaryMask moved = new();

    public StageTimes Times = StageTimes.None;

    /// <summary>Made on a part of a frame: moves prompt and mask to where they lie in the whole frame.</summary>
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

    /// <summary>One of the masks of "everything" on a frame of this size.</summary>
    public void Set(AutomaticMask one, RunLength runLength, int width, int height)
    {
        if (!runLength.TryDecode(one.Counts, width, height, Mask, out var problem))
            throw new InvalidOperationException(problem);
        Prompt.Clear();
        Prompt.Source = PromptSource.Everything;
        Prompt.Add(one.Point);
        (Found, Reason, Geometry) = (true, "", one.Geometry);
        (PredictedIou, Score, Saliency) = (one.PredictedIou, one.PredictedIou, float.NaN);
    }

    /// <summary>An honest "nothing": empty mask of the frame's size, no scores.</summary>
    public void MarkNotFound(string reason, int width, int height)
    {
        Found = false;
        Reason = reason;
        Score = 0;
        PredictedIou = 0;
        Geometry = default;
        Mask.Reset(width, height);
    }
}
