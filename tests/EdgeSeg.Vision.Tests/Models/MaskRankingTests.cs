using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class MaskRankingTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(99)]
    [InlineData(1024)]
    public void Stability_and_the_overlap_with_a_region_are_those_of_counting_pixels(int cells)
    {
        var random = new Random(cells);
        float[][] masks =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(m =>
                    Enumerable.Range(0, cells).Select(i => (float)(4 * Math.Sin(i / 9.0 + m) + random.NextDouble() - 0.5)).ToArray()
                ),
        ];
        var ranking = new MaskRanking(3, cells);
        for (var m = 0; m < 3; m++)
            ranking.Load(m, masks[m]);
        for (var m = 0; m < 3; m++)
        {
            Assert.Equal((float)masks[m].Count(v => v > 1) / masks[m].Count(v => v > -1), ranking.Stability(m));
            var region = masks[(m + 1) % 3];
            var expected =
                (double)masks[m].Zip(region).Count(p => p.First > 0 && p.Second > 0)
                / masks[m].Zip(region).Count(p => p.First > 0 || p.Second > 0);
            var bits = new ulong[(cells + 63) / 64];
            for (var i = 0; i < cells; i++)
                bits[i / 64] |= region[i] > 0 ? 1UL << (i % 64) : 0;
            Assert.Equal(expected, ranking.Iou(m, bits), 1e-5);
        }
    }

    [Fact]
    public void An_empty_mask_is_not_stable()
    {
        var ranking = new MaskRanking(2, 70);
        ranking.Load(0, [.. Enumerable.Repeat(-5f, 70)]);
        ranking.Load(1, [.. Enumerable.Repeat(5f, 70)]);
        Assert.Equal((0f, 1f), (ranking.Stability(0), ranking.Stability(1)));
        Assert.Equal(0f, ranking.Iou(0, [0, 0]));
    }

    [Fact]
    public void The_threshold_moves_by_one_logit()
    {
        var ranking = new MaskRanking(1, 8);
        ranking.Load(0, [2, 2, 0.5f, 0.5f, -0.5f, -0.5f, -2, -2]);
        Assert.Equal(2f / 6, ranking.Stability(0));
        Assert.Equal(0.75f, ranking.Iou(0, [0b0111]));
    }
}
