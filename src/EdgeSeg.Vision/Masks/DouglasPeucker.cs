namespace EdgeSeg.Vision.Masks;

/// <summary>
/// Simplifies a closed line by the algorithm of Douglas and Peucker: a part between two kept corners becomes one line when none of its
/// corners is farther from it than the tolerance, else the farthest corner is kept and both parts are simplified. The first corner and the
/// one farthest from it are always kept.
/// </summary>
internal static class DouglasPeucker
{
    public static Vertex[] Simplify(Vertex[] ring, double tolerancePx)
    {
        if (ring.Length < 3 || tolerancePx <= 0)
            return ring;
        var kept = new bool[ring.Length];
        var (opposite, _) = Farthest(ring, 0, ring.Length);
        kept[0] = kept[opposite] = true;
        // a stack, not recursion: a ring of a million corners would overflow the thread's stack
        var open = new Stack<(int From, int To)>([(0, opposite), (opposite, ring.Length)]);
        while (open.TryPop(out var part))
        {
            var (at, distance) = Farthest(ring, part.From, part.To);
            if (distance <= tolerancePx)
                continue;
            kept[at] = true;
            open.Push((part.From, at));
            open.Push((at, part.To));
        }

        return [.. ring.Where((_, i) => kept[i])];
    }

    /// <summary>
    /// The corner between two corners that is farthest from the line that joins them, and how far; the end may be the ring's length, which
    /// is its start again.
    /// </summary>
    private static (int At, double Distance) Farthest(Vertex[] ring, int from, int to)
    {
        var a = ring[from];
        var b = ring[to == ring.Length ? 0 : to];
        double dx = b.X - a.X,
            dy = b.Y - a.Y;
        var squared = dx * dx + dy * dy;
        var (at, most) = (from, 0.0);
        for (var i = from + 1; i < to; i++)
        {
            double px = ring[i].X - a.X,
                py = ring[i].Y - a.Y;
            // to the segment, not to the infinite line: a spike beyond its end counts
            var along = squared == 0 ? 0 : Math.Clamp((px * dx + py * dy) / squared, 0, 1);
            var (ex, ey) = (px - along * dx, py - along * dy);
            var distance = ex * ex + ey * ey;
            if (distance > most)
                (at, most) = (i, distance);
        }

        return (at, Math.Sqrt(most));
    }
}
