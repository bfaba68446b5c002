using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Tracking;

public sealed class MotionTests
{
    [Fact]
    public void Points_are_followed_to_a_fraction_of_a_pixel()
    {
        using var before = new GreyPyramid();
        using var after = new GreyPyramid();
        using var first = Waves(0, 0);
        using var second = Waves(7.4, -3.3);
        before.Fill(first);
        after.Fill(second);
        var pairs = new List<PointPair>();
        (float X, float Y)[] points = [.. Enumerable.Range(0, 25).Select(i => (60f + i % 5 * 40, 60f + i / 5 * 30))];
        new PointFlow().Follow(before, after, points, pairs);
        Assert.Equal(points.Length, pairs.Count);
        Assert.All(pairs, p => Assert.Equal((7.4, -3.3), (Math.Round(p.X1 - p.X0, 1), Math.Round(p.Y1 - p.Y0, 1))));
    }

    [Fact]
    public void Points_without_texture_are_dropped()
    {
        using var pyramid = new GreyPyramid();
        using var flat = new Mat(240, 320, MatType.CV_8UC3, new Scalar(90, 90, 90));
        pyramid.Fill(flat);
        var pairs = new List<PointPair>();
        new PointFlow().Follow(pyramid, pyramid, [(100f, 100f), (0f, 0f), (319f, 239f)], pairs);
        Assert.Empty(pairs);
    }

    [Fact]
    public void The_motion_of_most_points_is_found_among_outliers()
    {
        var truth = new Affine(1.1, -0.2, 12, 0.15, 0.95, -7);
        var pairs = new List<PointPair>();
        for (var i = 0; i < 60; i++)
        {
            float x = 20 + i * 37 % 200,
                y = 10 + i * 53 % 150;
            var (x1, y1) = truth.Apply(x, y);
            pairs.Add(i % 3 == 0 ? new PointPair(x, y, 300 - x, y + 40) : new PointPair(x, y, (float)x1, (float)y1));
        }

        var found = AffineFit.Fit(pairs);
        Assert.NotNull(found);
        var (fx, fy) = found.Value.Apply(100, 100);
        var (tx, ty) = truth.Apply(100, 100);
        Assert.Equal((tx, ty, truth.A, truth.E), (fx, fy, found.Value.A, found.Value.E), Near);
    }

    [Fact]
    public void Few_points_give_a_similarity_and_fewer_none()
    {
        var truth = new Affine(0.8, -0.6, 5, 0.6, 0.8, 9);
        var pairs = new List<PointPair>();
        foreach (var (x, y) in new[] { (0f, 0f), (50f, 10f), (20f, 60f), (70f, 70f), (10f, 90f) })
        {
            var (x1, y1) = truth.Apply(x, y);
            pairs.Add(new PointPair(x, y, (float)x1, (float)y1));
        }

        var found = AffineFit.Fit(pairs);
        Assert.NotNull(found);
        Assert.Equal((truth.A, truth.B, truth.C, truth.F), (found.Value.A, found.Value.B, found.Value.C, found.Value.F), Near);
        Assert.Null(AffineFit.Fit(pairs[..3]));
    }

    [Fact]
    public void A_motion_and_its_inverse_cancel()
    {
        var motion = new Affine(1.1, -0.2, 12, 0.15, 0.95, -7);
        var (x, y) = motion.Apply(31, 17);
        var (backX, backY) = motion.Inverse().Apply(x, y);
        Assert.Equal(
            (31, 17),
            (backX, backY),
            ((double, double) a, (double, double) b) => Near((a.Item1, a.Item2, 0, 0), (b.Item1, b.Item2, 0, 0))
        );
    }

    private static bool Near((double, double, double, double) a, (double, double, double, double) b) =>
        Math.Abs(a.Item1 - b.Item1) < 0.01
        && Math.Abs(a.Item2 - b.Item2) < 0.01
        && Math.Abs(a.Item3 - b.Item3) < 0.01
        && Math.Abs(a.Item4 - b.Item4) < 0.01;

    /// <summary>A picture of waves that is shifted by a fraction of a pixel.</summary>
    private static unsafe Mat Waves(double dx, double dy)
    {
        var mat = new Mat(240, 320, MatType.CV_8UC3);
        for (var y = 0; y < 240; y++)
        {
            var row = new Span<byte>((void*)mat.Ptr(y), 3 * 320);
            for (var x = 0; x < 320; x++)
            {
                double u = x - dx,
                    v = y - dy;
                var value = 128 + 40 * Math.Sin(u / 9 + v / 23) + 40 * Math.Sin(v / 7 - u / 31) + 30 * Math.Sin((u + v) / 17);
                row.Slice(3 * x, 3).Fill((byte)Math.Clamp(value, 0, 255));
            }
        }

        return mat;
    }
}
