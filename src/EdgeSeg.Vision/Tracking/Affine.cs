namespace EdgeSeg.Vision.Tracking;

/// <summary>An affine map of the plane: (x, y) to (A x + B y + C, D x + E y + F).</summary>
internal readonly record struct Affine(double A, double B, double C, double D, double E, double F)
{
    public static Affine Identity => new(1, 0, 0, 0, 1, 0);

    public static Affine Translation(double dx, double dy) => new(1, 0, dx, 0, 1, dy);

    public double Determinant => A * E - B * D;

    public (double X, double Y) Apply(double x, double y) => (A * x + B * y + C, D * x + E * y + F);

    /// <summary>The map that undoes this one. The determinant must not be 0.</summary>
    public Affine Inverse()
    {
        var d = Determinant;
        double a = E / d,
            b = -B / d,
            c = -D / d,
            e = A / d;
        return new Affine(a, b, -(a * C + b * F), c, e, -(c * C + e * F));
    }
}

/// <summary>
/// The affine motion of most of a set of point pairs (RANSAC, Fischler and Bolles, 1981), refined by least squares over the pairs that
/// agree. Few pairs give a similarity (shift, rotation, one scale) instead. The same pairs always give the same answer.
/// </summary>
internal static class AffineFit
{
    private const int Tries = 200,
        EnoughForAffine = 12,
        Refinements = 2;

    private const double MaxErrorPx = 3,
        MinScale = 0.5,
        MaxScale = 2;

    /// <summary>Null when fewer than four pairs, or no plausible motion of at least half the object's size and at most twice.</summary>
    public static Affine? Fit(List<PointPair> pairs)
    {
        if (pairs.Count < 4)
            return null;
        var sample = pairs.Count < EnoughForAffine ? 2 : 3;
        Affine? best = null;
        var most = 0;
        uint state = 2463534242;
        for (var i = 0; i < Tries; i++)
        {
            int a = Next(ref state, pairs.Count),
                b = Next(ref state, pairs.Count),
                c = Next(ref state, pairs.Count);
            if (a == b || (sample == 3 && (c == a || c == b)))
                continue;
            var one = sample == 2 ? Similarity(pairs[a], pairs[b]) : Through(pairs[a], pairs[b], pairs[c]);
            if (one is not { } candidate)
                continue;
            var count = 0;
            foreach (var pair in pairs)
                if (Agrees(candidate, pair))
                    count++;
            if (count <= most)
                continue;
            (best, most) = (candidate, count);
            if (most == pairs.Count)
                break;
        }

        for (var i = 0; i < Refinements && sample == 3 && best is { } found; i++)
            best = LeastSquares(pairs, found) ?? best;
        return best is { } result && IsPlausible(result) ? result : null;
    }

    private static bool IsPlausible(Affine m) => m.Determinant is > MinScale * MinScale and < MaxScale * MaxScale;

    private static bool Agrees(Affine m, PointPair p)
    {
        var (x, y) = m.Apply(p.X0, p.Y0);
        return (x - p.X1) * (x - p.X1) + (y - p.Y1) * (y - p.Y1) < MaxErrorPx * MaxErrorPx;
    }

    private static int Next(ref uint state, int below)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return (int)(state % (uint)below);
    }

    private static Affine? Similarity(PointPair p, PointPair q)
    {
        double dx = q.X0 - p.X0,
            dy = q.Y0 - p.Y0,
            ex = q.X1 - p.X1,
            ey = q.Y1 - p.Y1,
            length = dx * dx + dy * dy;
        if (length < 1)
            return null;
        double a = (dx * ex + dy * ey) / length,
            b = (dx * ey - dy * ex) / length;
        return new Affine(a, -b, p.X1 - a * p.X0 + b * p.Y0, b, a, p.Y1 - b * p.X0 - a * p.Y0);
    }

    private static Affine? Through(PointPair p, PointPair q, PointPair r)
    {
        double ux = q.X0 - p.X0,
            uy = q.Y0 - p.Y0,
            vx = r.X0 - p.X0,
            vy = r.Y0 - p.Y0,
            d = ux * vy - uy * vx;
        if (Math.Abs(d) < 1)
            return null;
        double a = ((q.X1 - p.X1) * vy - (r.X1 - p.X1) * uy) / d,
            b = ((r.X1 - p.X1) * ux - (q.X1 - p.X1) * vx) / d,
            c = ((q.Y1 - p.Y1) * vy - (r.Y1 - p.Y1) * uy) / d,
            e = ((r.Y1 - p.Y1) * ux - (q.Y1 - p.Y1) * vx) / d;
        return new Affine(a, b, p.X1 - a * p.X0 - b * p.Y0, c, e, p.Y1 - c * p.X0 - e * p.Y0);
    }

    /// <summary>Least squares over the pairs that agree with a first guess; null when they lie on a line.</summary>
    private static Affine? LeastSquares(List<PointPair> pairs, Affine guess)
    {
        double n = 0,
            mx = 0,
            my = 0,
            nx = 0,
            ny = 0;
        foreach (var p in pairs)
        {
            if (!Agrees(guess, p))
                continue;
            n++;
            mx += p.X0;
            my += p.Y0;
            nx += p.X1;
            ny += p.Y1;
        }

        if (n < 3)
            return null;
        (mx, my, nx, ny) = (mx / n, my / n, nx / n, ny / n);
        double xx = 0,
            xy = 0,
            yy = 0,
            xu = 0,
            yu = 0,
            xv = 0,
            yv = 0;
        foreach (var p in pairs)
        {
            if (!Agrees(guess, p))
                continue;
            double x = p.X0 - mx,
                y = p.Y0 - my,
                u = p.X1 - nx,
                v = p.Y1 - ny;
            xx += x * x;
            xy += x * y;
            yy += y * y;
            xu += x * u;
            yu += y * u;
            xv += x * v;
            yv += y * v;
        }

        var d = xx * yy - xy * xy;
        if (d < 1e-3 * Math.Max(1, xx + yy))
            return null;
        double a = (xu * yy - yu * xy) / d,
            b = (yu * xx - xu * xy) / d,
            c = (xv * yy - yv * xy) / d,
            e = (yv * xx - xv * xy) / d;
        return new Affine(a, b, nx - a * mx - b * my, c, e, ny - c * mx - e * my);
    }
}
