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
/// The engine's memory of one prompt: up to <see cref="MaxPoints"/> clicks on the object, a box, or both. Reused between
/// frames.
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
