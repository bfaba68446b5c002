using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision;

/// <summary>
/// What to segment: clicks on an object, a box around it, both, or the most salient object of the picture. Immutable. Coordinates are
/// pixels of the picture that was given to <see cref="SegmentationSession.SetImage"/>: x to the right, y down, (0, 0) is the picture's
/// top-left corner, and the centre of the top-left pixel is (0.5, 0.5). They are checked against the picture and the model by
/// <see cref="SegmentationSession.Predict"/>.
/// </summary>
public sealed class Prompt
{
    private readonly Click[] clicks;

    private Prompt(Click[] clicks, Box? box) => (this.clicks, BoundingBox) = (clicks, box);

    /// <summary>No point and no box: the model selects the most salient object.</summary>
    public static Prompt Automatic { get; } = new([], null);

    /// <summary>
    /// The points of this prompt. For a <see cref="Mask"/> of <see cref="Automatic"/>: the clicks that the saliency map gave.
    /// </summary>
    public IReadOnlyList<Click> Points => clicks;

    /// <summary>The box of this prompt; null when there is none.</summary>
    public Box? BoundingBox { get; }

    /// <summary>True for <see cref="Automatic"/>: neither a point nor a box.</summary>
    public bool IsAutomatic => clicks.Length == 0 && BoundingBox is null;

    /// <summary>One click on the object.</summary>
    /// <param name="x">Pixels from the left edge, 0 to the picture's width.</param>
    /// <param name="y">Pixels from the top edge, 0 to the picture's height.</param>
    public static Prompt Click(float x, float y) => new([new Click(x, y)], null);

    /// <summary>Several clicks on one object.</summary>
    /// <param name="points">
    /// At least one, at most <see cref="SegmentationModel.MaxPoints"/>; pixels as for <see cref="Click(float, float)"/>.
    /// </param>
    /// <exception cref="ArgumentException">No point is given.</exception>
    public static Prompt Clicks(params ReadOnlySpan<(float X, float Y)> points)
    {
        if (points.IsEmpty)
            throw new ArgumentException("a prompt of clicks needs at least one: use Prompt.Automatic for none", nameof(points));
        var clicks = new Click[points.Length];
        for (var i = 0; i < points.Length; i++)
            clicks[i] = new Click(points[i].X, points[i].Y);
        return new Prompt(clicks, null);
    }

    /// <summary>A box around the object, in pixels along the pixels' edges: the box of the top-left pixel is (0, 0, 1, 1).</summary>
    /// <param name="x0">Left edge.</param>
    /// <param name="y0">Top edge.</param>
    /// <param name="x1">Right edge, greater than <paramref name="x0"/>.</param>
    /// <param name="y1">Bottom edge, greater than <paramref name="y0"/>.</param>
    public static Prompt Box(float x0, float y0, float x1, float y1) => new([], new Box(x0, y0, x1, y1));

    /// <summary>This prompt with one more click on the object: clicks and a box may be combined.</summary>
    /// <param name="x">Pixels from the left edge.</param>
    /// <param name="y">Pixels from the top edge.</param>
    /// <returns>A new prompt; this one stays as it is.</returns>
    public Prompt WithClick(float x, float y) => new([.. clicks, new Click(x, y)], BoundingBox);

    /// <summary>This prompt with one more click off the object: what it shows does not belong to the mask.</summary>
    /// <param name="x">Pixels from the left edge.</param>
    /// <param name="y">Pixels from the top edge.</param>
    /// <returns>
    /// A new prompt; this one stays as it is. Only models with <see cref="SegmentationModel.AcceptsNegativeClicks"/> take it.
    /// </returns>
    public Prompt WithNegativeClick(float x, float y) => new([.. clicks, new Click(x, y, IsNegative: true)], BoundingBox);

    /// <summary>A copy of what the engine was asked.</summary>
    internal static Prompt Of(PromptBuffer buffer) => new(buffer.Clicks.ToArray(), buffer.Box);

    /// <summary>Writes a prompt that is not automatic into the engine's memory.</summary>
    /// <exception cref="ArgumentException">The prompt does not fit the picture or the model.</exception>
    internal void CopyTo(PromptBuffer buffer, int width, int height, ISegmenter segmenter)
    {
        if (PromptRules.CheckCount(clicks.Length, BoundingBox is not null, segmenter.MaxPoints) is { } tooMany)
            throw new ArgumentException(tooMany);
        buffer.Clear();
        buffer.Source = clicks.Length > 0 ? PromptSource.Click : PromptSource.Box;
        buffer.Box = BoundingBox;
        foreach (var click in clicks)
            buffer.Add(click);
        var problem =
            PromptRules.RefuseNegative(buffer, segmenter.AcceptsNegativeClicks)
            ?? PromptRules.Check(buffer, width, height, segmenter.MaxPoints);
        if (problem is not null)
            throw new ArgumentException(problem);
    }
}
