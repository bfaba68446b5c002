namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// Points worth following (Shi and Tomasi, 1994: the smaller eigenvalue of the gradients' products), the best of each cell of a grid over
/// the object's box, so that they are spread over the object.
/// </summary>
internal sealed class Corners
{
    public const int MaxPoints = Cells * Cells;

    private const int Cells = 12,
        Radius = 1;

    private const float Quality = 0.005f;

    private readonly (float X, float Y, float Strength)[] best = new (float, float, float)[MaxPoints];
    private readonly (float X, float Y)[] points = new (float, float)[MaxPoints];
    private float[] xx = [],
        xy = [],
        yy = [];

    /// <summary>Points inside the object, in pixels of the pyramid's largest level. The span is valid until the next call.</summary>
    /// <param name="pyramid">The frame.</param>
    /// <param name="grid">Where the object is in it.</param>
    public ReadOnlySpan<(float X, float Y)> Find(GreyPyramid pyramid, TrackGrid grid)
    {
        if (!grid.TryBox(Affine.Identity, out var box))
            return [];
        int left = Math.Clamp((int)(box.X0 * pyramid.ScaleX), 0, pyramid.Width(0) - 1),
            top = Math.Clamp((int)(box.Y0 * pyramid.ScaleY), 0, pyramid.Height(0) - 1),
            right = Math.Clamp((int)Math.Ceiling(box.X1 * pyramid.ScaleX), left + 1, pyramid.Width(0)),
            bottom = Math.Clamp((int)Math.Ceiling(box.Y1 * pyramid.ScaleY), top + 1, pyramid.Height(0));
        int width = right - left,
            height = bottom - top;
        Products(pyramid, left, top, width, height);
        Array.Clear(best);
        var strongest = 0f;
        for (var y = Radius; y < height - Radius; y++)
        {
            for (var x = Radius; x < width - Radius; x++)
            {
                var strength = Strength(x, y, width);
                ref var cell = ref best[y * Cells / height * Cells + x * Cells / width];
                if (strength <= cell.Strength || !grid.Contains((left + x + 0.5) / pyramid.ScaleX, (top + y + 0.5) / pyramid.ScaleY))
                    continue;
                cell = (left + x, top + y, strength);
                strongest = Math.Max(strongest, strength);
            }
        }

        var count = 0;
        foreach (var (x, y, strength) in best)
            if (strength > 0 && strength >= Quality * strongest)
                points[count++] = (x, y);
        return points.AsSpan(0, count);
    }

    /// <summary>Products of the central differences at each pixel of the window.</summary>
    private void Products(GreyPyramid pyramid, int left, int top, int width, int height)
    {
        if (xx.Length < width * height)
            (xx, xy, yy) = (new float[width * height], new float[width * height], new float[width * height]);
        var values = pyramid.Values(0);
        var stride = pyramid.Stride(0);
        for (var y = 0; y < height; y++)
        {
            var at = (top + y + GreyPyramid.Border) * stride + left + GreyPyramid.Border;
            for (var x = 0; x < width; x++, at++)
            {
                float gx = (values[at + 1] - values[at - 1]) / 2,
                    gy = (values[at + stride] - values[at - stride]) / 2;
                var to = y * width + x;
                (xx[to], xy[to], yy[to]) = (gx * gx, gx * gy, gy * gy);
            }
        }
    }

    private float Strength(int x, int y, int width)
    {
        float a = 0,
            b = 0,
            c = 0;
        for (var dy = -Radius; dy <= Radius; dy++)
        {
            for (var dx = -Radius; dx <= Radius; dx++)
            {
                var at = (y + dy) * width + x + dx;
                a += xx[at];
                b += xy[at];
                c += yy[at];
            }
        }

        return (a + c - MathF.Sqrt((a - c) * (a - c) + 4 * b * b)) / 2;
    }
}
