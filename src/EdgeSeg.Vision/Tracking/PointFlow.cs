namespace EdgeSeg.Vision.Tracking;

/// <summary>A point of a frame and where it was found in the next one, in pixels of the pyramids' largest level.</summary>
internal readonly record struct PointPair(float X0, float Y0, float X1, float Y1);

/// <summary>
/// Sparse optical flow after Lucas and Kanade on a pyramid (Bouguet, 2000): each point is followed from the smallest level to the largest,
/// and back again; a point that does not come back to where it started is dropped (forward-backward check, Kalal et al., 2010).
/// </summary>
internal sealed class PointFlow
{
    private const int Radius = 7,
        Window = 2 * Radius + 1,
        Patch = Window + 2,
        MaxSteps = 20;

    private const float MinStep = 0.02f,
        MinGradient = 0.1f,
        MaxReturnPx = 1.5f;

    private readonly float[] patch = new float[Patch * Patch],
        moved = new float[Patch * Patch],
        gradientX = new float[Window * Window],
        gradientY = new float[Window * Window];

    /// <summary>
    /// Follows points from one frame to another of the same size; pairs that pass the check are added to <paramref name="pairs"/>.
    /// </summary>
    public void Follow(GreyPyramid from, GreyPyramid to, ReadOnlySpan<(float X, float Y)> points, List<PointPair> pairs)
    {
        foreach (var (x, y) in points)
        {
            if (!TryFollow(from, to, x, y, out var x1, out var y1) || !TryFollow(to, from, x1, y1, out var backX, out var backY))
                continue;
            float dx = backX - x,
                dy = backY - y;
            if (dx * dx + dy * dy < MaxReturnPx * MaxReturnPx)
                pairs.Add(new PointPair(x, y, x1, y1));
        }
    }

    private bool TryFollow(GreyPyramid from, GreyPyramid to, float x, float y, out float x1, out float y1)
    {
        float dx = 0,
            dy = 0;
        for (var level = from.Levels - 1; level >= 0; level--)
        {
            (dx, dy) = (2 * dx, 2 * dy);
            var scale = 1f / (1 << level);
            // pixel centres lie at +0.5 on every level
            float px = (x + 0.5f) * scale - 0.5f,
                py = (y + 0.5f) * scale - 0.5f;
            if (!Refine(from, to, level, px, py, ref dx, ref dy) && level == 0)
            {
                (x1, y1) = (x, y);
                return false;
            }
        }

        (x1, y1) = (x + dx, y + dy);
        return x1 >= 0 && y1 >= 0 && x1 < to.Width(0) && y1 < to.Height(0);
    }

    /// <summary>The displacement on one level. False when the window leaves the picture or has no texture.</summary>
    private bool Refine(GreyPyramid from, GreyPyramid to, int level, float x, float y, ref float dx, ref float dy)
    {
        if (!Sample(from, level, x, y, Radius + 1, patch))
            return false;
        var (xx, xy, yy) = Gradients();
        var count = Window * Window;
        var spread = MathF.Sqrt((xx - yy) * (xx - yy) + 4 * xy * xy);
        if ((xx + yy - spread) / (2 * count) < MinGradient)
            return false;
        var determinant = xx * yy - xy * xy;
        if (determinant < 1e-6f)
            return false;
        for (var step = 0; step < MaxSteps; step++)
        {
            if (!Sample(to, level, x + dx, y + dy, Radius, moved))
                return false;
            float bx = 0,
                by = 0;
            for (var row = 0; row < Window; row++)
            {
                for (var column = 0; column < Window; column++)
                {
                    var at = row * Window + column;
                    var difference = patch[(row + 1) * Patch + column + 1] - moved[at];
                    bx += difference * gradientX[at];
                    by += difference * gradientY[at];
                }
            }

            float stepX = (yy * bx - xy * by) / determinant,
                stepY = (xx * by - xy * bx) / determinant;
            dx += stepX;
            dy += stepY;
            if (stepX * stepX + stepY * stepY < MinStep * MinStep)
                break;
        }

        return true;
    }

    /// <summary>Scharr gradients of the patch, and the sums of their products.</summary>
    private (float XX, float XY, float YY) Gradients()
    {
        float xx = 0,
            xy = 0,
            yy = 0;
        for (var row = 0; row < Window; row++)
        {
            var above = patch.AsSpan(row * Patch, Patch);
            var here = patch.AsSpan((row + 1) * Patch, Patch);
            var below = patch.AsSpan((row + 2) * Patch, Patch);
            for (var column = 0; column < Window; column++)
            {
                var gx =
                    (3 * (above[column + 2] - above[column] + below[column + 2] - below[column]) + 10 * (here[column + 2] - here[column]))
                    / 32;
                var gy =
                    (
                        3 * (below[column] - above[column] + below[column + 2] - above[column + 2])
                        + 10 * (below[column + 1] - above[column + 1])
                    ) / 32;
                gradientX[row * Window + column] = gx;
                gradientY[row * Window + column] = gy;
                xx += gx * gx;
                xy += gx * gy;
                yy += gy * gy;
            }
        }

        return (xx, xy, yy);
    }

    /// <summary>
    /// The square of (2 radius + 1) pixels around a point, linearly interpolated. False when it leaves the level and its border.
    /// </summary>
    private static bool Sample(GreyPyramid pyramid, int level, float x, float y, int radius, float[] target)
    {
        float left = x - radius + GreyPyramid.Border,
            top = y - radius + GreyPyramid.Border;
        int column = (int)MathF.Floor(left),
            row = (int)MathF.Floor(top),
            stride = pyramid.Stride(level),
            side = 2 * radius + 1;
        // negated, so that NaN is refused as well
        if (
            !(left >= 0 && top >= 0 && left < stride && top < 1e6f)
            || column + side + 1 > stride
            || row + side + 1 > pyramid.Height(level) + 2 * GreyPyramid.Border
        )
            return false;
        float fx = left - column,
            fy = top - row;
        var values = pyramid.Values(level);
        for (var i = 0; i < side; i++)
        {
            var above = values.Slice((row + i) * stride + column, side + 1);
            var below = values.Slice((row + i + 1) * stride + column, side + 1);
            var to = target.AsSpan(i * side, side);
            for (var k = 0; k < to.Length; k++)
            {
                var upper = above[k] + (above[k + 1] - above[k]) * fx;
                var lower = below[k] + (below[k + 1] - below[k]) * fx;
                to[k] = upper + (lower - upper) * fy;
            }
        }

        return true;
    }
}
