using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Saliency;

public class BlobsTests
{
    [Fact]
    public void The_most_salient_blob_is_that_of_opencvs_components()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            int w = random.Next(2, 70),
                h = random.Next(2, 70);
            var map = RandomMap(random, w, h, random.NextDouble());
            var (mask, sum) = ByOpenCv(map);
            var blob = new List<Run>();
            var ours = new Blobs().MostSalient(map, 0.5f, blob);
            Assert.Equal(sum, ours, 1e-3);
            Assert.Equal(mask, Paint(blob, w, h));
        }
    }

    [Fact]
    public void Blobs_that_touch_at_a_corner_are_one()
    {
        var map = Map(3, 3, "#..", ".#.", "..#");
        var blob = new List<Run>();
        new Blobs().MostSalient(map, 0.5f, blob);
        Assert.Equal(3, blob.Count);
    }

    [Fact]
    public void Sum_of_saliency_decides_not_area()
    {
        var map = new SaliencyMap(7, 1);
        // three pixels of 0.55 (1.65) against two of 0.98 (1.96)
        Assert.True(map.Load([0.2f, 0.2f, 0.2f, -9, 4, 4, -9]));
        var blob = new List<Run>();
        var sum = new Blobs().MostSalient(map, 0.5f, blob);
        Assert.Equal([new Run(0, 4, 6)], blob);
        Assert.Equal(2 * SaliencyMap.Probability(4), sum, 1e-5);
    }

    [Fact]
    public void Nothing_above_the_threshold_is_no_blob()
    {
        var map = Map(4, 2, "....", "....");
        var blob = new List<Run> { new(0, 0, 1) };
        Assert.Equal(0, new Blobs().MostSalient(map, 0.5f, blob));
        Assert.Empty(blob);
    }

    [Fact]
    public void The_threshold_is_a_probability()
    {
        var map = new SaliencyMap(2, 1);
        Assert.True(map.Load([SaliencyMap.Logit(0.7f), SaliencyMap.Logit(0.9f)]));
        var blob = new List<Run>();
        new Blobs().MostSalient(map, 0.8f, blob);
        Assert.Equal([new Run(0, 1, 2)], blob);
    }

    [Fact]
    public void A_second_search_allocates_nothing()
    {
        var map = RandomMap(new Random(1), 128, 128, 0.4);
        var blobs = new Blobs();
        var blob = new List<Run>();
        blobs.MostSalient(map, 0.5f, blob);
        Assert.Equal(0, Allocations.Least(() => blobs.MostSalient(map, 0.5f, blob)));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_map_that_is_not_finite_is_refused(float bad)
    {
        var values = new float[64];
        values[63] = bad;
        Assert.False(new SaliencyMap(8, 8).Load(values));
    }

    internal static SaliencyMap Map(int w, int h, params string[] rows)
    {
        var map = new SaliencyMap(w, h);
        Assert.True(map.Load([.. rows.SelectMany(r => r.Select(c => c == '#' ? 5f : -5f))]));
        return map;
    }

    private static SaliencyMap RandomMap(Random random, int w, int h, double density)
    {
        var map = new SaliencyMap(w, h);
        Assert.True(
            map.Load([.. Enumerable.Range(0, w * h).Select(_ => random.NextDouble() < density ? random.NextSingle() * 4 + 0.01f : -1f)])
        );
        return map;
    }

    private static (bool[] Mask, double Sum) ByOpenCv(SaliencyMap map)
    {
        using var binary = new Mat(map.Height, map.Width, MatType.CV_8UC1);
        for (var i = 0; i < map.Logits.Length; i++)
            binary.Set(i / map.Width, i % map.Width, (byte)(map.Logits[i] > 0 ? 255 : 0));
        using var labels = new Mat();
        var count = Cv2.ConnectedComponents(binary, labels, PixelConnectivity.Connectivity8);
        var sums = new double[count];
        for (var i = 0; i < map.Logits.Length; i++)
            sums[labels.At<int>(i / map.Width, i % map.Width)] += SaliencyMap.Probability(map.Logits[i]);
        sums[0] = -1;
        var best = Array.IndexOf(sums, sums.Max());
        if (best == 0)
            return (new bool[map.Logits.Length], 0);
        return ([.. Enumerable.Range(0, map.Logits.Length).Select(i => labels.At<int>(i / map.Width, i % map.Width) == best)], sums[best]);
    }

    private static bool[] Paint(List<Run> blob, int w, int h)
    {
        var mask = new bool[w * h];
        foreach (var run in blob)
            mask.AsSpan(run.Y * w + run.From, run.To - run.From).Fill(true);
        return mask;
    }
}
