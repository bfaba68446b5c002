using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class BinaryMaskTests
{
    [Fact]
    public void A_run_sets_its_pixels_and_no_others()
    {
        foreach (var width in (int[])[1, 63, 64, 65, 130, 200])
        {
            for (var from = 0; from <= width; from++)
            {
                for (var to = from; to <= width; to += 1 + to % 3)
                {
                    var mask = new BinaryMask();
                    mask.Reset(width, 3);
                    mask.SetRun(1, from, to);
                    for (var x = 0; x < width; x++)
                        Assert.Equal(x >= from && x < to, mask[x, 1]);
                    Assert.Equal(to - from, mask.Area());
                }
            }
        }
    }

    [Fact]
    public void A_run_beyond_the_row_is_refused()
    {
        var mask = new BinaryMask();
        mask.Reset(70, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => mask.SetRun(0, 3, 71));
        Assert.Throws<ArgumentOutOfRangeException>(() => mask.SetRun(0, -1, 5));
        Assert.Equal(0, mask.Area());
    }

    [Fact]
    public void Area_box_and_centroid_are_those_of_a_plain_loop()
    {
        foreach (var (width, height) in MaskSamples.Sizes)
        {
            foreach (var share in (double[])[0, 0.003, 0.4, 1])
            {
                var mask = MaskSamples.Noise(width, height, width * 31 + height, share);
                Assert.Equal(Naive(mask), mask.Measure());
            }
        }
    }

    [Fact]
    public void Iou_is_that_of_a_plain_loop()
    {
        foreach (var (width, height) in MaskSamples.Sizes)
        {
            var (a, b) = (MaskSamples.Noise(width, height, 1, 0.3), MaskSamples.Noise(width, height, 2, 0.6));
            int both = 0,
                either = 0;
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    if (a[x, y] && b[x, y])
                        both++;
                    if (a[x, y] || b[x, y])
                        either++;
                }
            }

            Assert.Equal(either == 0 ? 0 : (double)both / either, BinaryMask.Iou(a, b));
        }
    }

    [Fact]
    public void Masks_of_two_sizes_are_not_compared() =>
        Assert.Throws<ArgumentException>(() => BinaryMask.Iou(MaskSamples.Noise(8, 8, 1), MaskSamples.Noise(9, 8, 1)));

    private static MaskGeometry Naive(BinaryMask mask)
    {
        int area = 0,
            left = int.MaxValue,
            top = int.MaxValue,
            right = -1,
            bottom = -1;
        double sumX = 0,
            sumY = 0;
        for (var y = 0; y < mask.Height; y++)
        {
            for (var x = 0; x < mask.Width; x++)
            {
                if (!mask[x, y])
                    continue;
                area++;
                sumX += x;
                sumY += y;
                (left, top) = (Math.Min(left, x), Math.Min(top, y));
                (right, bottom) = (Math.Max(right, x), Math.Max(bottom, y));
            }
        }

        return area == 0 ? default : new(area, left, top, right - left + 1, bottom - top + 1, sumX / area + 0.5, sumY / area + 0.5);
    }
}
