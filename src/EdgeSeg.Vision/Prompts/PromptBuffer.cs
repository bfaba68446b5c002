namespace EdgeSeg.Vision.Prompts;

/// <summary>A point in frame pixels; the centre of the top-left pixel is (0.5, 0.5).</summary>
internal readonly record struct Click(float X, float Y);

/// <summary>A box in frame pixels, edges (not pixel centres): a box around one pixel at the origin is (0, 0, 1, 1).</summary>
internal readonly record struct Box(float X0, float Y0, float X1, float Y1)
{
    public float Width => X1 - X0;

    public float Height => Y1 - Y0;
}

/// <summary>How a prompt came about; written to the wire in lower case.</summary>
internal enum PromptSource
{
    /// <summary>An operator's points.</summary>
    Click,

    /// <summary>An operator's box.</summary>
    Box,

    /// <summary>Five clicks taken from the saliency heat map.</summary>
    Auto,

    /// <summary>A point of the grid by which everything is looked for.</summary>
    Everything,
}

/// <summary>What the segmenter is asked for: up to <see cref="VisionLimits.MaxPoints"/> positive clicks, a box, or both. Reused between frames.</summary>
internal sealed class PromptBuffer
{
    private readonly Click[] clicks = new Click[VisionLimits.MaxPoints];

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
            clicks[i] = new Click(clicks[i].X + dx, clicks[i].Y + dy);
        if (Box is { } b)
            Box = new Box(b.X0 + dx, b.Y0 + dy, b.X1 + dx, b.Y1 + dy);
    }

    public void CopyFrom(PromptBuffer other)
    {
        Source = other.Source;
        Box = other.Box;
        ClickCount = other.ClickCount;
        other.Clicks.CopyTo(clicks);
    }
}
