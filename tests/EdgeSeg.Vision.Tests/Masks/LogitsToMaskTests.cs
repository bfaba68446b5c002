using EdgeSeg.Testing;
using EdgeSeg.Vision.Images;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class LogitsToMaskTests
{
    [Theory]
    [InlineData(256, 256, 1920, 1080)]
    [InlineData(256, 256, 640, 480)]
    [InlineData(64, 48, 640, 480)]
    [InlineData(64, 64, 63, 65)]
    [InlineData(65, 63, 65, 63)]
    [InlineData(256, 256, 128, 128)]
    [InlineData(256, 200, 50, 33)]
    [InlineData(7, 5, 1001, 333)]
    [InlineData(1, 9, 20, 20)]
    [InlineData(9, 1, 20, 20)]
    [InlineData(130, 70, 1, 1)]
    public void The_mask_is_that_of_a_full_resize_and_threshold(int lw, int lh, int width, int height)
    {
        foreach (var seed in (int[])[1, 2, 3])
        {
            var logits = Smooth(lw, lh, seed);
            var mask = new BinaryMask();
            Assert.True(LogitsToMask.Enlarge(logits, lw, lh, mask, width, height));
            using var map = Mat.FromPixelData(lh, lw, MatType.CV_32FC1, logits);
            using var large = new Mat();
            Cv2.Resize(map, large, new Size(width, height), 0, 0, InterpolationFlags.Linear);
            var expected = MaskSamples.Of(width, height, (x, y) => large.At<float>((int)y, (int)x) > 0);
            var most = logits.Max(Math.Abs);
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                    if (mask[x, y] != expected[x, y])
                        Assert.True(Math.Abs(large.At<float>(y, x)) <= 1e-4 * most, $"({x}, {y}) is {large.At<float>(y, x)}");
            }

            if (expected.Area() > 0)
                Assert.InRange(BinaryMask.Iou(mask, expected), 0.9999, 1);
        }
    }

    [Fact]
    public void Positive_logits_fill_the_mask_and_zero_or_negative_ones_leave_it_empty()
    {
        var mask = new BinaryMask();
        foreach (var (value, area) in ((float, int)[])[(1, 77 * 31), (-1, 0), (0, 0)])
        {
            var logits = new float[16 * 16];
            Array.Fill(logits, value);
            Assert.True(LogitsToMask.Enlarge(logits, 16, 16, mask, 77, 31));
            Assert.Equal(area, mask.Area());
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_logit_that_is_not_a_number_is_reported_at_any_place(float bad)
    {
        foreach (var at in (int[])[0, 5, 7 * 9 - 1])
        {
            var logits = new float[7 * 9];
            Array.Fill(logits, 1);
            logits[at] = bad;
            var mask = new BinaryMask();
            Assert.False(LogitsToMask.Enlarge(logits, 7, 9, mask, 40, 30));
            Assert.Equal(0, mask.Area());
        }
    }

    [Theory]
    [InlineData(640, 480, 100, 60, 320, 200)]
    [InlineData(333, 217, 0, 0, 64, 64)]
    [InlineData(701, 999, 637, 935, 64, 64)]
    [InlineData(130, 70, 63, 1, 65, 67)]
    public void A_map_of_a_window_is_the_windows_own_mask_in_its_place(int width, int height, int left, int top, int w, int h)
    {
        var logits = Smooth(32, 32, 11);
        BinaryMask alone = new(),
            expected = new(),
            mask = new();
        Assert.True(LogitsToMask.Enlarge(logits, 32, 32, alone, w, h));
        expected.Reset(width, height);
        alone.PlaceInto(expected, left, top);
        Assert.True(LogitsToMask.Enlarge(logits, 32, 32, mask, width, height, new PixelWindow(left, top, w, h)));
        Assert.InRange(mask.Area(), 1, w * h - 1);
        Assert.Equal(expected.Words, mask.Words);
    }

    [Theory]
    [InlineData(160, 120, 10.5, 7.25, 90.125, 80.75)]
    [InlineData(97, 61, 0, 30.9, 97, 30.1)]
    public void Between_pixels_a_window_is_interpolated_like_a_whole_picture(
        int width,
        int height,
        double left,
        double top,
        double w,
        double h
    )
    {
        var logits = Smooth(16, 16, 5);
        var mask = new BinaryMask();
        Assert.True(LogitsToMask.Enlarge(logits, 16, 16, mask, width, height, new PixelWindow(left, top, w, h)));
        var differing = new List<string>();
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var inside = x + 0.5 >= left && x + 0.5 < left + w && y + 0.5 >= top && y + 0.5 < top + h;
                var value = inside ? At((x + 0.5 - left) * 16 / w - 0.5, (y + 0.5 - top) * 16 / h - 0.5) : -1;
                // where the value is as good as 0, rounding decides
                if (Math.Abs(value) > 1e-4 && mask[x, y] != value > 0)
                    differing.Add($"{x},{y}: {value}");
            }
        }

        Assert.Empty(differing);

        double At(double x, double y)
        {
            (x, y) = (Math.Clamp(x, 0, 15), Math.Clamp(y, 0, 15));
            int x0 = Math.Min((int)x, 14),
                y0 = Math.Min((int)y, 14);
            double fx = x - x0,
                fy = y - y0;
            double upper = logits[y0 * 16 + x0] * (1 - fx) + logits[y0 * 16 + x0 + 1] * fx,
                lower = logits[(y0 + 1) * 16 + x0] * (1 - fx) + logits[(y0 + 1) * 16 + x0 + 1] * fx;
            return upper * (1 - fy) + lower * fy;
        }
    }

    [Fact]
    public void A_map_of_another_size_is_refused() =>
        Assert.Throws<ArgumentException>(() => LogitsToMask.Enlarge(new float[10], 3, 3, new BinaryMask(), 5, 5));

    [Fact]
    public void Later_calls_allocate_nothing()
    {
        var logits = Smooth(256, 256, 4);
        var mask = new BinaryMask();
        Assert.Equal(0, Allocations.Least(() => LogitsToMask.Enlarge(logits, 256, 256, mask, 640, 480)));
    }

    /// <summary>Waves of several lengths, and some noise, so that rows cross 0 often and anywhere.</summary>
    private static float[] Smooth(int lw, int lh, int seed)
    {
        var random = new Random(seed);
        var phases = Enumerable.Range(0, 8).Select(_ => random.NextDouble() * 6).ToArray();
        return
        [
            .. Enumerable
                .Range(0, lw * lh)
                .Select(i =>
                {
                    double x = i % lw / (double)lw,
                        y = i / lw / (double)lh;
                    return (float)(
                        8 * Math.Sin(5 * x + phases[0]) * Math.Cos(4 * y + phases[1])
                        + 3 * Math.Sin(23 * x + 9 * y + phases[2])
                        + Math.Cos(41 * y + phases[3])
                        + 0.3 * (random.NextDouble() - 0.5)
                    );
                }),
        ];
    }
}
