namespace EdgeSeg.Vision.Prompts;

/// <summary>How a prompt came about; written to the wire in lower case.</summary>
internal enum PromptSource
{
    /// <summary>An operator's points.</summary>
    Click,

    /// <summary>An operator's box.</summary>
    Box,

    /// <summary>Five clicks taken from the saliency heat map.</summary>
    Auto,

    /// <summary>A point of the grid of automatic masks.</summary>
    Everything,
}

/// <summary>
/// The engine's memory of one prompt: up to <see cref="MaxPoints"/> clicks on or off the object, a box, or both. Reused
/// between frames.
/// </summary>
internal sealed class PromptBuffer
{
    /// <summary>Most points per prompt that the models were trained with.</summary>
    public const int MaxPoints = 6;

    private readonly Click[] clicks = new Click[MaxPoints];

    public PromptSource Source { get; set; } = PromptSource.Auto;

    public Box? Box { get; set; }

    public int ClickCount { get; private set; }

    public ReadOnlySpan<Click> Clicks => clicks.AsSpan(0, ClickCount);

    public void Clear()
    {
        ClickCount = 0;
        Box = null;
    }

    public void Add(Click click)
    {
        if (ClickCount == clicks.Length)
            throw new InvalidOperationException($"a prompt holds at most {clicks.Length} clicks");
        clicks[ClickCount++] = click;
    }

    public void Move(float dx, float dy)
    {
        for (var i = 0; i < ClickCount; i++)
            clicks[i] = clicks[i] with { X = clicks[i].X + dx, Y = clicks[i].Y + dy };
        if (Box is { } b)
            Box = new Box(b.X0 + dx, b.Y0 + dy, b.X1 + dx, b.Y1 + dy);
    }

    /// <summary>Scales every point, then moves it: to the pixels of a crop.</summary>
    public void Place(double sx, double sy, double dx, double dy)
    {
        for (var i = 0; i < ClickCount; i++)
            clicks[i] = clicks[i] with { X = (float)(clicks[i].X * sx + dx), Y = (float)(clicks[i].Y * sy + dy) };
        if (Box is { } b)
            Box = new Box((float)(b.X0 * sx + dx), (float)(b.Y0 * sy + dy), (float)(b.X1 * sx + dx), (float)(b.Y1 * sy + dy));
    }

    /// <summary>Removes the clicks off the object that lie outside of a picture of this size.</summary>
    public void DropNegativeOutside(int width, int height)
    {
        var kept = 0;
        for (var i = 0; i < ClickCount; i++)
        {
            var c = clicks[i];
            if (!c.IsNegative || (c.X >= 0 && c.X <= width && c.Y >= 0 && c.Y <= height))
                clicks[kept++] = c;
        }

        ClickCount = kept;
    }

    public void CopyFrom(PromptBuffer other)
    {
        Source = other.Source;
        Box = other.Box;
        ClickCount = other.ClickCount;
        other.Clicks.CopyTo(clicks);
    }
}
