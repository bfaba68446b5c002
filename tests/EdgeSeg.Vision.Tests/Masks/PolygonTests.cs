using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class PolygonTests
{
    [Fact]
    public void Without_tolerance_the_polygon_is_the_mask()
    {
        foreach (var (width, height) in MaskSamples.Sizes)
        {
            foreach (
                var mask in (BinaryMask[])
                    [MaskSamples.Of(width, height, (_, _) => true), MaskSamples.Of(width, height, (x, y) => (x / 17 + y / 19) % 2 == 0)]
            )
            {
                var polygon = Polygon.Trace(mask, 0);
                Assert.Equal((0, 0), (polygon.TolerancePx, polygon.RingsDropped));
                Assert.Equal(mask.Words, Filled(polygon, mask).Words);
            }
        }
    }

    [Fact]
    public void One_pixel_has_the_four_corners_of_the_pixel()
    {
        var ring = Assert.Single(Polygon.Trace(MaskSamples.Of(9, 9, (x, y) => x == 4 && y == 2), 0).Rings);
        Assert.False(ring.Hole);
        Assert.Equal([new(5, 2), new(5, 3), new(4, 3), new(4, 2)], ring.Vertices);
    }

    [Fact]
    public void Blobs_with_a_hole_keep_their_parts_within_a_pixel()
    {
        var mask = MaskSamples.Blobs();
        var polygon = Polygon.Trace(mask);
        Assert.Equal(1, polygon.TolerancePx);
        Assert.Equal([false, false, false, true], polygon.Rings.Select(r => r.Hole));
        Assert.Equal(0, polygon.RingsDropped);
        Assert.InRange(polygon.Rings.Sum(r => r.Vertices.Count), 12, 120);
        var filled = Filled(polygon, mask);
        Assert.InRange(BinaryMask.Iou(mask, filled), 0.98, 1);
        Assert.False(filled[100, 118]);
        Assert.True(filled[40, 110]);
    }

    [Fact]
    public void No_corner_of_the_mask_is_farther_than_the_tolerance()
    {
        var mask = MaskSamples.Blobs();
        foreach (var tolerance in (double[])[0.5, 1, 3])
        {
            var coarse = Polygon.Trace(mask, tolerance).Rings;
            foreach (var corner in Polygon.Trace(mask, 0).Rings.SelectMany(r => r.Vertices))
                Assert.InRange(coarse.Min(r => Distance(r.Vertices, corner)), 0, tolerance + 1e-6);
        }
    }

    [Fact]
    public void An_object_thinner_than_the_tolerance_is_kept()
    {
        var line = MaskSamples.Of(50, 50, (x, y) => x == y);
        Assert.NotEmpty(Polygon.Trace(line, 2).Rings);
        Assert.NotEmpty(Polygon.Trace(MaskSamples.Of(5, 5, (x, y) => x == 2 && y == 2), 5).Rings);
        Assert.Empty(Polygon.Trace(MaskSamples.Of(5, 5, (_, _) => false)).Rings);
    }

    [Fact]
    public void Noise_is_simplified_until_it_fits_and_the_tolerance_is_reported()
    {
        var polygon = Polygon.Trace(MaskSamples.Noise(500, 500, 9), 0);
        Assert.InRange(polygon.Rings.Sum(r => r.Vertices.Count), 3, Polygon.MaxVertices);
        Assert.InRange(polygon.Rings.Count, 1, Polygon.MaxRings);
        Assert.InRange(polygon.TolerancePx, 1, double.MaxValue);
        Assert.InRange(polygon.RingsDropped, 1, int.MaxValue);
    }

    [Fact]
    public void A_mask_with_too_many_corners_becomes_its_box()
    {
        var mask = MaskSamples.Of(1100, 1000, (x, y) => (x + y) % 2 == 0);
        var polygon = Polygon.Trace(mask);
        Assert.Equal([new(0, 0), new(1100, 0), new(1100, 1000), new(0, 1000)], Assert.Single(polygon.Rings).Vertices);
        Assert.Equal(1100, polygon.TolerancePx);
    }

    [Fact]
    public void Rings_outside_the_picture_are_clipped_at_its_edge()
    {
        var mask = MaskSamples.Of(10, 10, (_, _) => false);
        Polygon.Fill([new Ring(false, [new(-5, -5), new(4.4f, -5), new(4.4f, 50), new(-5, 50)])], mask);
        Assert.Equal(MaskSamples.Of(10, 10, (x, _) => x < 4).Words, mask.Words);
        Polygon.Fill([new Ring(false, []), new Ring(false, [new(1, 1)])], mask);
        Assert.Equal(40, mask.Area());
    }

    private static BinaryMask Filled(Polygon polygon, BinaryMask like)
    {
        var mask = new BinaryMask();
        mask.Reset(like.Width, like.Height);
        Polygon.Fill(polygon.Rings, mask);
        return mask;
    }

    private static double Distance(IReadOnlyList<Vertex> ring, Vertex p)
    {
        var least = double.MaxValue;
        for (var i = 0; i < ring.Count; i++)
        {
            var (a, b) = (ring[i], ring[(i + 1) % ring.Count]);
            double dx = b.X - a.X,
                dy = b.Y - a.Y,
                squared = dx * dx + dy * dy;
            var t = squared == 0 ? 0 : Math.Clamp(((p.X - a.X) * dx + (p.Y - a.Y) * dy) / squared, 0, 1);
            least = Math.Min(least, Math.Sqrt(Math.Pow(p.X - a.X - t * dx, 2) + Math.Pow(p.Y - a.Y - t * dy, 2)));
        }

        return least;
    }
}
