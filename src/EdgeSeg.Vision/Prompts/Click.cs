namespace EdgeSeg.Vision.Prompts;

/// <summary>A point on the object or off it, in pixels of the picture; the centre of the top-left pixel is (0.5, 0.5).</summary>
/// <param name="X">Pixels from the left edge.</param>
/// <param name="Y">Pixels from the top edge.</param>
/// <param name="IsNegative">True: the point does not belong to the object.</param>
public readonly record struct Click(float X, float Y, bool IsNegative = false);

/// <summary>A box in pixels of the picture, along the pixels' edges: the box of the top-left pixel is (0, 0, 1, 1).</summary>
/// <param name="X0">Left edge.</param>
/// <param name="Y0">Top edge.</param>
/// <param name="X1">Right edge.</param>
/// <param name="Y1">Bottom edge.</param>
public readonly record struct Box(float X0, float Y0, float X1, float Y1)
{
    /// <summary>Pixels from the left to the right edge.</summary>
    public float Width => X1 - X0;

    /// <summary>Pixels from the top to the bottom edge.</summary>
    public float Height => Y1 - Y0;
}
