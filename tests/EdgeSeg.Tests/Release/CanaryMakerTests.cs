using EdgeSeg.Vision.Masks;
using Xunit;

namespace EdgeSeg.Release;

public sealed class CanaryMakerTests
{
    [Fact]
    public void The_click_for_a_ring_is_on_the_ring()
    {
        var ring = new BinaryMask();
        ring.Reset(100, 80);
        for (var i = 0; i < 100 * 80; i++)
        {
            var (x, y) = (i % 100, i / 100);
            if (Math.Abs(Math.Sqrt((x - 50) * (x - 50) + (y - 40) * (y - 40)) - 30) < 4)
                ring[x, y] = true;
        }

        var click = CanaryMaker.Inside(ring, ring.Measure());
        Assert.True(ring[(int)click[0], (int)click[1]]);
    }
}
