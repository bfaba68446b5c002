using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// One object that is followed from frame to frame: motion by sparse optical flow, one pass of the model on the crop around the moved mask,
/// and a check of the colours against the object's first appearance. A mask that fails the check is not accepted: the object is expected
/// where its velocity takes it, and looked for by its colours around there. The memory for a look is the <see cref="MaskRefiner"/>'s.
/// </summary>
internal sealed class TrackedObject : IDisposable
{
    private const float MinSimilarity = 0.75f,
        FoundSimilarity = 0.8f,
        MinAgreement = 0.2f,
        FoundAgreement = 0.3f,
        FoundScore = 0.4f;

    private const double GrowRate = 0.3,
        ShrinkRate = 0.05,
        WholeShare = 0.8,
        MaxVelocity = 0.1,
        VelocityDecay = 0.9,
        SearchScale = 2.5,
        SearchGrowth = 0.25,
        MinSearchPx = 24;

    private readonly MaskRefiner refiner;
    private readonly TrackGrid grid,
        whole;
    private readonly Appearance appearance = new();
    private readonly Corners corners = new();
    private readonly PointFlow flow = new();
    private readonly ColourSearch search = new();
    private readonly List<PointPair> pairs = new(Corners.MaxPoints);
    private readonly BinaryMask part = new();
    private int unseen,
        looks;
    private double centreX,
        centreY,
        velocityX,
        velocityY,
        width,
        height,
        area;

    public TrackedObject(MaskRefiner refiner)
    {
        this.refiner = refiner;
        grid = new TrackGrid(refiner.Width, refiner.Height);
        whole = new TrackGrid(refiner.Width, refiner.Height);
    }

    public TrackState State { get; private set; } = TrackState.Lost;

    /// <summary>Frames since the start.</summary>
    public int Age { get; private set; }

    /// <summary>Result of the model for the last accepted mask.</summary>
    public Look Seen { get; private set; }

    /// <summary>In the last frame's pixels; empty when lost.</summary>
    public BinaryMask Mask { get; } = new();

    /// <summary>Begins with a mask of the frame's size that is not empty.</summary>
    public void Start(Mat frame, BinaryMask mask)
    {
        var geometry = mask.Measure();
        if (geometry.Area == 0)
            throw new ArgumentException("the mask is empty: there is no object to follow", nameof(mask));
        if (mask.Width != frame.Cols || mask.Height != frame.Rows)
            throw new ArgumentException($"the mask is {mask.Width}x{mask.Height} and the frame {frame.Cols}x{frame.Rows}", nameof(mask));
        var box = new Box(geometry.Left, geometry.Top, geometry.Left + geometry.Width, geometry.Top + geometry.Height);
        var crop = MaskRefiner.CropFor(box, frame.Cols, frame.Rows);
        var logits = new float[grid.Width * grid.Height];
        Reduce(mask, crop, logits);
        grid.Take(logits, crop);
        whole.Take(logits, crop);
        using (var pixels = frame.SubMat(crop))
            appearance.Start(refiner.Index(pixels, appearance), logits);
        (centreX, centreY) = ((box.X0 + box.X1) / 2.0, (box.Y0 + box.Y1) / 2.0);
        (width, height, area) = (geometry.Width, geometry.Height, geometry.Area);
        (velocityX, velocityY, unseen, looks, Age) = (0, 0, 0, 0, 0);
        (State, Seen) = (TrackState.Tracking, new Look(geometry.Area, 1, 1, 1, 1));
        Mask.CopyFrom(mask);
    }

    /// <summary>Nothing is known of the object: there is neither a mask nor a place to search at.</summary>
    public void Lose(int frameWidth, int frameHeight)
    {
        (State, unseen) = (TrackState.Lost, ObjectTracker.UncertainFrames + 1);
        Mask.Reset(frameWidth, frameHeight);
    }

    /// <summary>Follows the object into the next frame, which has the same size.</summary>
    /// <param name="frame">8-bit BGR.</param>
    /// <param name="frames">The frame before and this one, in grey.</param>
    public void Next(Mat frame, FramePair frames)
    {
        Age++;
        if (State != TrackState.Lost)
        {
            var motion = unseen == 0 ? Motion(frames.Before, frames.Now) : Expected();
            var isSeen = TryLook(frame, grid, motion, useEarlier: unseen == 0, out var look);
            if (isSeen && look.Similarity >= MinSimilarity && (unseen == 0 ? look.Agreement >= MinAgreement : IsSize(look, 0.4, 2.5)))
            {
                Accept(frame, look);
                return;
            }

            if (isSeen)
                grid.Take(refiner.Moved, refiner.Crop);
        }

        unseen = Math.Min(unseen + 1, int.MaxValue - 1);
        if (TrySearch(frame))
            return;
        State = unseen <= ObjectTracker.UncertainFrames ? TrackState.Uncertain : TrackState.Lost;
        if (State == TrackState.Uncertain)
            Show(frame, grid.Logits, grid.Area);
        else
            Mask.Reset(frame.Cols, frame.Rows);
    }

    /// <summary>Writes the last frame's mask as a result. Its prompt and its times stay.</summary>
    public void CopyTo(Segmentation result)
    {
        if (State == TrackState.Lost)
        {
            result.MarkNotFound(Segmentation.Lost, Mask.Width, Mask.Height);
            return;
        }

        result.Mask.CopyFrom(Mask);
        result.Geometry = Mask.Measure();
        result.Found = result.Geometry.Area > 0;
        result.Reason = result.Found ? "" : Segmentation.EmptyMask;
        (result.PredictedIou, result.Stability) = (Seen.PredictedIou, Seen.Stability);
        result.Score = result.PredictedIou * result.Stability;
        (result.Saliency, result.SaliencyPeak, result.IsZoomed) = (float.NaN, float.NaN, true);
    }

    /// <summary>The motion of the points on the object; none when too few are found again.</summary>
    private Affine Motion(GreyPyramid before, GreyPyramid now)
    {
        pairs.Clear();
        flow.Follow(before, now, corners.Find(before, grid), pairs);
        if (AffineFit.Fit(pairs) is not { } m)
            return Affine.Identity;
        // from the centres of the pyramid's pixels to the frame's edges-based pixels
        double sx = before.ScaleX,
            sy = before.ScaleY;
        return new Affine(
            m.A,
            m.B * sy / sx,
            (m.C + 0.5 - 0.5 * m.A - 0.5 * m.B) / sx,
            m.D * sx / sy,
            m.E,
            (m.F + 0.5 - 0.5 * m.D - 0.5 * m.E) / sy
        );
    }

    /// <summary>Where the velocity takes an object that is not seen; it fades.</summary>
    private Affine Expected()
    {
        var fade = Math.Pow(VelocityDecay, unseen);
        return Affine.Translation(velocityX * fade, velocityY * fade);
    }

    private bool IsSize(Look look, double least, double most) => look.Area >= least * area && look.Area <= most * area;

    private bool TryLook(Mat frame, TrackGrid at, Affine motion, bool useEarlier, out Look look)
    {
        looks++;
        return refiner.TryLook(frame, at, motion, appearance, looks % 2 == 1, useEarlier, out look);
    }

    private void Accept(Mat frame, Look look)
    {
        appearance.Learn();
        grid.Take(refiner.Logits, refiner.Crop);
        Show(frame, refiner.Logits, refiner.Crop);
        if (grid.TryBox(Affine.Identity, out var box))
        {
            double x = (box.X0 + box.X1) / 2.0,
                y = (box.Y0 + box.Y1) / 2.0,
                most = MaxVelocity * Math.Max(frame.Cols, frame.Rows);
            if (unseen == 0)
            {
                velocityX = 0.5 * velocityX + 0.5 * Math.Clamp(x - centreX, -most, most);
                velocityY = 0.5 * velocityY + 0.5 * Math.Clamp(y - centreY, -most, most);
            }

            (centreX, centreY) = (x, y);
            width = Follow(width, box.Width);
            height = Follow(height, box.Height);
        }

        area = Follow(area, look.Area);
        if (look.Area >= WholeShare * area)
            whole.Take(refiner.Logits, refiner.Crop);
        (unseen, State, Seen) = (0, TrackState.Tracking, look);
    }

    /// <summary>A size that shrinks slowly, so that an object that is more and more covered keeps its size for the search.</summary>
    private static double Follow(double size, double now) => size + (now > size ? GrowRate : ShrinkRate) * (now - size);

    /// <summary>Looks for the object by its colours, in a part of the frame that grows with each frame that it is not seen.</summary>
    private bool TrySearch(Mat frame)
    {
        if (!grid.TryBox(Affine.Identity, out var box))
            return false;
        double x = (box.X0 + box.X1) / 2.0,
            y = (box.Y0 + box.Y1) / 2.0,
            side = Math.Max(Math.Max(width, height), MinSearchPx) / 2;
        var around = new Box((float)(x - side), (float)(y - side), (float)(x + side), (float)(y + side));
        var place = MaskRefiner.CropAround(around, SearchScale + SearchGrowth * unseen, MinSearchPx, frame.Cols, frame.Rows);
        if (!search.TryFind(frame, place, width, height, appearance, out var foundX, out var foundY))
            return false;
        // what was left of it before it was covered may be a sliver: its last whole shape is expected
        if (!whole.TryBox(Affine.Identity, out var last))
            return false;
        var shift = Affine.Translation(foundX - (last.X0 + last.X1) / 2.0, foundY - (last.Y0 + last.Y1) / 2.0);
        if (!TryLook(frame, whole, shift, useEarlier: false, out var look))
            return false;
        if (
            look.Similarity < FoundSimilarity
            || look.Agreement < FoundAgreement
            || look.PredictedIou * look.Stability < FoundScore
            || !IsSize(look, 0.25, 3)
        )
            return false;
        Accept(frame, look);
        return true;
    }

    /// <summary>A grid of logits as the mask of the frame.</summary>
    private void Show(Mat frame, ReadOnlySpan<float> logits, Rect crop)
    {
        LogitsToMask.Enlarge(logits, grid.Width, grid.Height, part, crop.Width, crop.Height);
        Mask.Reset(frame.Cols, frame.Rows);
        part.PlaceInto(Mask, crop.X, crop.Y);
    }

    /// <summary>The share of each cell that the mask covers, as a logit.</summary>
    private unsafe void Reduce(BinaryMask mask, Rect crop, float[] logits)
    {
        using var whole = new Mat();
        MaskMat.ToMat(mask, whole);
        using var cut = whole.SubMat(crop);
        using var small = new Mat();
        var isLarger = crop.Width > grid.Width || crop.Height > grid.Height;
        Cv2.Resize(cut, small, new Size(grid.Width, grid.Height), 0, 0, isLarger ? InterpolationFlags.Area : InterpolationFlags.Linear);
        var any = false;
        for (var y = 0; y < grid.Height; y++)
        {
            var row = new ReadOnlySpan<byte>((void*)small.Ptr(y), grid.Width);
            for (var x = 0; x < grid.Width; x++)
            {
                logits[y * grid.Width + x] = (row[x] / 255f - 0.5f) * 2 * TrackGrid.Limit;
                any |= row[x] > 127;
            }
        }

        if (any)
            return;
        // thinner than a cell everywhere: each cell that it touches counts
        for (var y = 0; y < grid.Height; y++)
        {
            var row = new ReadOnlySpan<byte>((void*)small.Ptr(y), grid.Width);
            for (var x = 0; x < grid.Width; x++)
                if (row[x] > 0)
                    logits[y * grid.Width + x] = TrackGrid.Limit;
        }
    }

    public void Dispose()
    {
        appearance.Dispose();
        search.Dispose();
    }
}
