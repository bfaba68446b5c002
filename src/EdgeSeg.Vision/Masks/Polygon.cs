namespace EdgeSeg.Vision.Masks;

/// <summary>A point in frame pixels, on edges: the top-left pixel lies between (0, 0) and (1, 1). Traced vertices are whole numbers.</summary>
internal readonly record struct Vertex(float X, float Y);

/// <summary>A closed line; the last vertex is joined to the first. Outer rings go clockwise as seen, holes the other way round.</summary>
internal sealed record Ring(bool Hole, Vertex[] Vertices);

/// <summary>
/// A mask as outlines. Filled by even-odd (or: outer rings less holes) it gives the mask again, to within <see cref="TolerancePx"/>.
/// Rings come largest first; <see cref="RingsDropped"/> counts those left out as too thin or too many. Pixels that touch by a corner belong together.
/// Control plane: it allocates.
/// </summary>
internal sealed record Polygon(IReadOnlyList<Ring> Rings, double TolerancePx, int RingsDropped)
{
    /// <summary>
    /// Outlines of the mask along its pixels' edges, simplified so that no dropped corner is farther than <paramref name="tolerancePx"/> from its line
    /// (0: exact). Specks thinner than the tolerance vanish, the largest ring never does. Where the limits on rings and vertices are passed, the smallest rings
    /// go and the tolerance is doubled until it fits; the result says the tolerance that was used. No ring for an empty mask.
    /// </summary>
    public static Polygon Trace(BinaryMask mask, double tolerancePx = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tolerancePx);
        if (!EdgeTracer.TryTrace(mask, VisionLimits.MaxTracedCorners, out var traced))
            return BoxOf(mask, Math.Max(0, traced.Count - 1));
        traced.Sort((a, b) => Math.Abs(b.DoubleArea).CompareTo(Math.Abs(a.DoubleArea)));
        var kept = Math.Min(traced.Count, VisionLimits.MaxPolygonRings);
        for (var tolerance = tolerancePx; tolerance <= mask.Width + mask.Height; tolerance = Math.Max(1, tolerance * 2))
        {
            var rings = new List<Ring>(kept);
            var vertices = 0;
            for (var i = 0; i < kept && vertices <= VisionLimits.MaxPolygonVertices; i++)
            {
                var line = DouglasPeucker.Simplify(traced[i].Corners, tolerance);
                // the largest ring is the object: it is kept finer rather than lost
                for (var finer = tolerance / 2; line.Length < 3 && i == 0; finer = finer < 0.25 ? 0 : finer / 2)
                    line = DouglasPeucker.Simplify(traced[i].Corners, finer);
                if (line.Length < 3)
                    continue;
                rings.Add(new Ring(traced[i].DoubleArea < 0, line));
                vertices += line.Length;
            }

            if (vertices <= VisionLimits.MaxPolygonVertices)
                return new Polygon(rings, tolerance, traced.Count - rings.Count);
        }

        return BoxOf(mask, Math.Max(0, traced.Count - 1));
    }

    /// <summary>
    /// Sets the pixels whose centres lie inside the rings by even-odd, and leaves the others as they are: COCO's polygons of one object are united by one call each.
    /// Rings may leave the mask; vertices must be finite.
    /// </summary>
    public static void Fill(IReadOnlyList<Ring> rings, BinaryMask mask)
    {
        var crossings = new List<double>();
        for (var y = 0; y < mask.Height; y++)
        {
            crossings.Clear();
            foreach (var ring in rings)
                Cross(ring.Vertices, y + 0.5, crossings);
            crossings.Sort();
            for (var i = 0; i + 1 < crossings.Count; i += 2)
                mask.SetRun(y, FirstCentre(crossings[i], mask.Width), FirstCentre(crossings[i + 1], mask.Width));
        }
    }

    private static void Cross(Vertex[] vertices, double y, List<double> crossings)
    {
        var a = vertices.Length > 0 ? vertices[^1] : default;
        foreach (var b in vertices)
        {
            if (a.Y <= y != b.Y <= y)
                crossings.Add(a.X + (y - a.Y) * ((double)b.X - a.X) / ((double)b.Y - a.Y));
            a = b;
        }
    }

    private static int FirstCentre(double x, int width) => (int)Math.Clamp(Math.Ceiling(x - 0.5), 0, width);

    private static Polygon BoxOf(BinaryMask mask, int ringsDropped)
    {
        var (_, left, top, width, height, _, _) = mask.Measure();
        Vertex[] box = [new(left, top), new(left + width, top), new(left + width, top + height), new(left, top + height)];
        return new Polygon(width == 0 ? [] : [new Ring(false, box)], Math.Max(width, height), ringsDropped);
    }
}
