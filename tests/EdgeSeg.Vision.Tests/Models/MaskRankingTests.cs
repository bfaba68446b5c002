using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class MaskRankingTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(99)]
    [InlineData(1024)]
    public void Stability_and_agreement_are_those_of_counting_pixels(int cells)
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
            var expected = Enumerable
                .Range(0, 3)
                .Where(o => o != m)
                .Average(o =>
                    (double)masks[m].Zip(masks[o]).Count(p => p.First > 0 && p.Second > 0)
                    / masks[m].Zip(masks[o]).Count(p => p.First > 0 || p.Second > 0)
                );
            Assert.Equal(expected, ranking.Agreement(m), 1e-5);
        }
    }

    [Fact]
    public void An_empty_mask_is_not_stable_and_agrees_with_nothing()
    {
        var ranking = new MaskRanking(2, 70);
        ranking.Load(0, new float[70]);
        float[] full = [.. Enumerable.Repeat(5f, 70)];
        ranking.Load(1, full);
        Assert.Equal((0f, 1f), (ranking.Agreement(0), ranking.Stability(1)));
        ranking.Load(0, [.. Enumerable.Repeat(-5f, 70)]);
        Assert.Equal(0f, ranking.Stability(0));
    }

    [Fact]
    public void One_mask_alone_agrees_with_itself()
    {
        var ranking = new MaskRanking(1, 8);
        ranking.Load(0, [1, 1, 1, 1, -1, -1, -1, -1]);
        Assert.Equal(1f, ranking.Agreement(0));
        Assert.Equal(0.5f, ranking.Iou(0, [0b0011]));
    }
}
