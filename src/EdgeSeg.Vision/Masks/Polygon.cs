namespace EdgeSeg.Vision.Masks;

/// <summary>
/// A corner of an outline in pixels of the picture, along the pixels' edges: the top-left pixel lies between (0, 0) and (1, 1).
/// </summary>
/// <param name="X">Pixels from the left edge.</param>
/// <param name="Y">Pixels from the top edge.</param>
public readonly record struct Vertex(float X, float Y);

/// <summary>A closed line: the last vertex is joined to the first. As seen, outer rings go clockwise and holes counter-clockwise.</summary>
/// <param name="Hole">True: the outline of a hole.</param>
/// <param name="Vertices">At least three; traced ones are whole numbers.</param>
public sealed record Ring(bool Hole, IReadOnlyList<Vertex> Vertices);

/// <summary>
/// The outlines of a mask. Filled by the even-odd rule they give the mask again, to within <see cref="TolerancePx"/>. Pixels that touch at
/// a corner are connected. At most 256 rings and 4096 vertices.
/// </summary>
/// <param name="Rings">Largest first; empty for an empty mask.</param>
/// <param name="TolerancePx">
/// Greatest distance of a removed corner from the simplified outline, in pixels. It is more than was asked for where the outline has more
/// vertices than allowed.
/// </param>
/// <param name="RingsDropped">Number of rings that are left out because they are too thin for the tolerance or too many.</param>
public sealed record Polygon(IReadOnlyList<Ring> Rings, double TolerancePx, int RingsDropped)
{
    /// <summary>Most corners traced around a mask before simplifying: above it the mask is noise, and its polygon is its box.</summary>
    internal const int MaxTracedCorners = 1_000_000;

    /// <summary>Most rings; the largest are kept.</summary>
    internal const int MaxRings = 256;

    /// <summary>Most vertices, all rings together: about 40 KB of JSON.</summary>
    internal const int MaxVertices = 4096;

    /// <summary>
    /// Outlines of the mask along its pixels' edges, simplified so that no removed corner is farther than <paramref name="tolerancePx"/>
    /// from its line (0: exact). Rings thinner than the tolerance are dropped, but never the largest one. Above the bounds on rings and
    /// vertices, the smallest rings are dropped and the tolerance is doubled until the result fits. No ring for an empty mask. Not on the
    /// frame path: it allocates.
    /// </summary>
    internal static Polygon Trace(BinaryMask mask, double tolerancePx = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tolerancePx);
        if (!EdgeTracer.TryTrace(mask, MaxTracedCorners, out var traced))
            return BoxOf(mask, Math.Max(0, traced.Count - 1));
        traced.Sort((a, b) => Math.Abs(b.DoubleArea).CompareTo(Math.Abs(a.DoubleArea)));
        var kept = Math.Min(traced.Count, MaxRings);
        for (var tolerance = tolerancePx; tolerance <= mask.Width + mask.Height; tolerance = Math.Max(1, tolerance * 2))
        {
            var rings = new List<Ring>(kept);
            var vertices = 0;
            for (var i = 0; i < kept && vertices <= MaxVertices; i++)
            {
                var line = DouglasPeucker.Simplify(traced[i].Corners, tolerance);
                // the largest ring is the object: a finer tolerance keeps it
                for (var finer = tolerance / 2; line.Length < 3 && i == 0; finer = finer < 0.25 ? 0 : finer / 2)
                    line = DouglasPeucker.Simplify(traced[i].Corners, finer);
                if (line.Length < 3)
                    continue;
                rings.Add(new Ring(traced[i].DoubleArea < 0, line));
                vertices += line.Length;
            }

            if (vertices <= MaxVertices)
                return new Polygon(rings, tolerance, traced.Count - rings.Count);
        }

        return BoxOf(mask, Math.Max(0, traced.Count - 1));
    }

    /// <summary>
    /// Sets the pixels whose centres lie inside the rings by the even-odd rule and leaves the others unchanged: a call for each of COCO's
    /// polygons of one object gives their union. Rings may reach outside the mask; vertices must be finite.
    /// </summary>
    internal static void Fill(IReadOnlyList<Ring> rings, BinaryMask mask)
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

    private static void Cross(IReadOnlyList<Vertex> vertices, double y, List<double> crossings)
    {
        var a = vertices.Count > 0 ? vertices[^1] : default;
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
