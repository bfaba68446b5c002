namespace EdgeSeg.Vision.Images;

/// <summary>
/// A rectangle in pixels of a picture, by its edges (not pixel centres). Its edges need not be whole: a crop taken from a smaller copy of
/// the picture has edges between the picture's pixels.
/// </summary>
internal readonly record struct PixelWindow(double X, double Y, double Width, double Height)
{
    public double Area => Width * Height;

    /// <summary>The smallest window that holds both.</summary>
    public PixelWindow Union(PixelWindow other)
    {
        double x = Math.Min(X, other.X),
            y = Math.Min(Y, other.Y);
        return new PixelWindow(x, y, Math.Max(X + Width, other.X + other.Width) - x, Math.Max(Y + Height, other.Y + other.Height) - y);
    }

    /// <summary>The same window in a picture whose sides are so many times as long.</summary>
    public PixelWindow Scale(double sx, double sy) => new(X * sx, Y * sy, Width * sx, Height * sy);
}
