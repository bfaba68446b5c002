using System.Numerics;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// The corners of one outline in order, and twice its signed area in pixels: above 0 for an outer ring, below 0 for a hole.
/// </summary>
internal readonly record struct TracedRing(Vertex[] Corners, long DoubleArea);

/// <summary>
/// Walks along the edges between set and unset pixels with the set ones on the right. Every ring, outer or hole, has an edge with a set
/// pixel below and an unset one above; those edges are marked first, by words, and each ring clears the ones that it passes: the rest
/// belongs to rings not walked yet.
/// </summary>
internal static class EdgeTracer
{
    /// <summary>False when the rings have more than <paramref name="cornerCap"/> corners in all.</summary>
    public static bool TryTrace(BinaryMask mask, int cornerCap, out List<TracedRing> rings)
    {
        rings = [];
        var tops = Tops(mask);
        var corners = new List<Vertex>();
        for (var y = 0; y < mask.Height; y++)
        {
            for (var i = 0; i < mask.Stride; i++)
            {
                while (tops.Row(y)[i] is var word && word != 0)
                {
                    corners.Clear();
                    if (!TryWalk(mask, tops, (i << 6) + BitOperations.TrailingZeroCount(word), y, cornerCap, corners))
                        return false;
                    cornerCap -= corners.Count;
                    rings.Add(new TracedRing([.. corners], DoubleArea(corners)));
                }
            }
        }

        return true;
    }

    /// <summary>Set pixels without a set pixel above.</summary>
    private static BinaryMask Tops(BinaryMask mask)
    {
        var tops = new BinaryMask();
        tops.CopyFrom(mask);
        for (var y = 1; y < mask.Height; y++)
        {
            var row = tops.Row(y);
            var above = mask.Row(y - 1);
            for (var i = 0; i < row.Length; i++)
                row[i] &= ~above[i];
        }

        return tops;
    }

    private static bool TryWalk(BinaryMask mask, BinaryMask tops, int startX, int startY, int cornerCap, List<Vertex> corners)
    {
        // directions: 0 right, 1 down, 2 left, 3 up
        int x = startX,
            y = startY,
            direction = 0;
        do
        {
            if (direction == 0)
                tops[x, y] = false;
            (x, y) = direction switch
            {
                0 => (x + 1, y),
                1 => (x, y + 1),
                2 => (x - 1, y),
                _ => (x, y - 1),
            };
            var (left, right) = Ahead(mask, x, y, direction);
            // left first: pixels that touch by a corner are one object
            var turn =
                left ? 3
                : right ? 0
                : 1;
            if (turn == 0)
                continue;
            if (corners.Count == cornerCap)
                return false;
            corners.Add(new Vertex(x, y));
            direction = (direction + turn) & 3;
        } while (x != startX || y != startY || direction != 0);
        return true;
    }

    /// <summary>The two pixels beyond a corner, as seen when going in a direction.</summary>
    private static (bool Left, bool Right) Ahead(BinaryMask mask, int x, int y, int direction) =>
        direction switch
        {
            0 => (mask[x, y - 1], mask[x, y]),
            1 => (mask[x, y], mask[x - 1, y]),
            2 => (mask[x - 1, y], mask[x - 1, y - 1]),
            _ => (mask[x - 1, y - 1], mask[x, y - 1]),
        };

    private static long DoubleArea(List<Vertex> corners)
    {
        long sum = 0;
        var a = corners[^1];
        foreach (var b in corners)
        {
            sum += (long)a.X * (long)b.Y - (long)b.X * (long)a.Y;
            a = b;
        }

        return sum;
    }
}
