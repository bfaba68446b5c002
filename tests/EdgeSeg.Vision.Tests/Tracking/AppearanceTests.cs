using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Tracking;

public sealed class AppearanceTests
{
    [Fact]
    public void The_same_colours_are_alike_and_others_are_not()
    {
        using var appearance = new Appearance();
        var logits = new float[32 * 32];
        for (var i = 0; i < logits.Length; i++)
            logits[i] = i % 32 < 16 ? 1 : -1;
        var first = Bins(appearance, new Scalar(30, 30, 200));
        appearance.Start(first, logits);
        Assert.Equal(1, appearance.Similarity(first, logits), 0.001);
        Assert.InRange(appearance.Similarity(Bins(appearance, new Scalar(30, 30, 195)), logits), 0.7, 1);
        Assert.InRange(appearance.Similarity(Bins(appearance, new Scalar(200, 30, 30)), logits), 0, 0.1);
    }

    [Fact]
    public void Evidence_is_for_the_object_s_colours_and_against_the_others()
    {
        using var appearance = new Appearance();
        var logits = new float[32 * 32];
        for (var i = 0; i < logits.Length; i++)
            logits[i] = i % 32 < 16 ? 1 : -1;
        var bins = Bins(appearance, new Scalar(30, 30, 200));
        appearance.Start(bins, logits);
        var evidence = appearance.Evidence();
        Assert.True(evidence[bins[0]] > 2, $"object: {evidence[bins[0]]}");
        Assert.True(evidence[bins[31]] < -2, $"surroundings: {evidence[bins[31]]}");
    }

    [Fact]
    public void A_mask_that_is_empty_or_full_is_like_nothing()
    {
        using var appearance = new Appearance();
        var bins = Bins(appearance, new Scalar(30, 30, 200));
        var logits = new float[32 * 32];
        Assert.Equal(0, appearance.Similarity(bins, logits));
        Array.Fill(logits, 1);
        Assert.Equal(0, appearance.Similarity(bins, logits));
    }

    /// <summary>32 x 32 cells: the left half of the colour, the right half grey.</summary>
    private static ushort[] Bins(Appearance appearance, Scalar colour)
    {
        using var pixels = new Mat(32, 32, MatType.CV_8UC3, new Scalar(120, 120, 120));
        Cv2.Rectangle(pixels, new Rect(0, 0, 16, 32), colour, -1);
        var bins = new ushort[32 * 32];
        appearance.Index(pixels, bins);
        return bins;
    }
}
