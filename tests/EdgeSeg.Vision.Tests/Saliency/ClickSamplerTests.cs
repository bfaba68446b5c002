using EdgeSeg.Vision.Prompts;
using Xunit;

namespace EdgeSeg.Vision.Saliency;

public class ClickSamplerTests
{
    [Fact]
    public void A_rectangle_gives_its_centre_and_the_centres_of_its_quarters()
    {
        // columns 2..5, rows 1..4 of an 8x6 map; the frame is ten times as wide and five times as high
        var map = BlobsTests.Map(8, 6, "........", "..####..", "..####..", "..####..", "..####..", "........");
        var clicks = Sample(map, 80, 30);
        Assert.Equal([new(40, 15), new(30, 10), new(50, 10), new(30, 20), new(50, 20)], clicks);
    }

    [Fact]
    public void A_centre_that_falls_into_a_hole_moves_onto_the_blob()
    {
        var map = BlobsTests.Map(7, 7, "#######", "#.....#", "#.....#", "#.....#", "#.....#", "#.....#", "#######");
        var clicks = Sample(map, 7, 7);
        Assert.All(clicks, c => Assert.True(map.Row((int)c.Y)[(int)c.X] > 0, $"{c} is off the blob"));
        // the ring's centre is (3.5, 3.5); its nearest pixels are three away
        Assert.Equal(3, Math.Max(Math.Abs(clicks[0].X - 3.5f), Math.Abs(clicks[0].Y - 3.5f)));
    }

    [Fact]
    public void A_quarter_without_pixels_gives_no_click()
    {
        var map = BlobsTests.Map(6, 6, "#.....", ".#....", "..#...", "...#..", "....#.", ".....#");
        Assert.Equal(3, Sample(map, 6, 6).Length);
    }

    [Fact]
    public void One_pixel_gives_one_click_position()
    {
        var clicks = Sample(BlobsTests.Map(3, 3, "...", ".#.", "..."), 300, 300);
        Assert.All(clicks, c => Assert.Equal(new Click(150, 150), c));
        Assert.NotEmpty(clicks);
    }

    [Fact]
    public void Only_the_most_salient_blob_is_clicked()
    {
        var map = BlobsTests.Map(8, 3, "##..####", "##..####", "....####");
        Assert.All(Sample(map, 8, 3), c => Assert.True(c.X > 4));
    }

    [Fact]
    public void Mean_saliency_is_that_of_the_blob_only()
    {
        var map = new SaliencyMap(4, 1);
        Assert.True(map.Load([SaliencyMap.Logit(0.6f), SaliencyMap.Logit(0.8f), -5, -5]));
        var sampler = new ClickSampler();
        Assert.True(sampler.Sample(map, 0.5f, 4, 1, new PromptBuffer()));
        Assert.Equal(0.7f, sampler.MeanSaliency, 1e-5f);
    }

    [Fact]
    public void Nothing_salient_gives_no_clicks()
    {
        var prompt = new PromptBuffer();
        Assert.False(new ClickSampler().Sample(BlobsTests.Map(2, 2, "..", ".."), 0.5f, 2, 2, prompt));
        Assert.Equal(0, prompt.ClickCount);
    }

    private static Click[] Sample(SaliencyMap map, int frameWidth, int frameHeight)
    {
        var prompt = new PromptBuffer();
        Assert.True(new ClickSampler().Sample(map, 0.5f, frameWidth, frameHeight, prompt));
        return prompt.Clicks.ToArray();
    }
}
