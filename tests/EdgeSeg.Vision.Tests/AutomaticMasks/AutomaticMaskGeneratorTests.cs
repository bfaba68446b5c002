using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.AutomaticMasks;

public sealed class AutomaticMaskGeneratorTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void An_object_found_at_many_points_is_one_mask()
    {
        var found = Run(Left(3), 0.9f, new AutomaticMaskOptions { PointsPerSide = 4 }, out var candidates);
        Assert.Equal(16, candidates);
        var one = Assert.Single(found);
        Assert.Equal(0.9f, one.PredictedIou);
        Assert.Equal(1, one.Stability);
        Assert.Equal(60 * 80, one.Geometry.Area, 80.0);
        var mask = new BinaryMask();
        Assert.True(new RunLength().TryDecode(one.Counts, 120, 80, mask, out _));
        Assert.Equal(one.Geometry, mask.Measure());
    }

    [Theory]
    [InlineData(3f, 0.69f)]
    [InlineData(3f, float.NaN)]
    [InlineData(0.5f, 0.9f)]
    public void Masks_below_a_threshold_are_dropped(float logit, float predictedIou) =>
        Assert.Empty(Run(Left(logit), predictedIou, new AutomaticMaskOptions { PointsPerSide = 2 }, out _));

    [Theory]
    [InlineData(1.0, 100.0)]
    [InlineData(10.5, 336.0)]
    public void By_default_a_region_has_100_pixels_and_32_logits_at_least(double pixelsALogit, double least) =>
        Assert.Equal(least, new AutomaticMaskOptions().LeastRegion(pixelsALogit));

    // four logits of 100 pixels each
    [Theory]
    [InlineData(null, 0)]
    [InlineData(500.0, 0)]
    [InlineData(300.0, 1)]
    [InlineData(0.0, 1)]
    public void A_mask_smaller_than_the_least_area_is_dropped(double? least, int masks)
    {
        var map = Enumerable.Repeat(-3f, 96).ToArray();
        foreach (var cell in (int[])[41, 42, 53, 54])
            map[cell] = 3;
        Assert.Equal(masks, Run(map, 0.9f, new AutomaticMaskOptions { PointsPerSide = 1, MinMaskRegionArea = least }, out _).Count);
    }

    [Fact]
    public void Points_are_the_centres_of_cells()
    {
        var found = Run(Left(3), 0.9f, new AutomaticMaskOptions { PointsPerSide = 1 }, out _);
        Assert.Equal(new Click(60, 40), Assert.Single(found).Point);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(AutomaticMaskOptions.MaxPointsPerSide + 1)]
    public void The_grid_has_bounds(int grid) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(Left(3), 0.9f, new AutomaticMaskOptions { PointsPerSide = grid }, out _));

    [Fact]
    public void Masks_are_those_of_single_clicks_and_do_not_depend_on_the_threads()
    {
        using var model = EfficientSamGraphs.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, new float[16], [1], new float[16], 4, 4).ToBytes(), scratch.Path)
        );
        using var pixels = Cv2.ImRead(Path.Combine(EfficientSamGraphs.Folder, "image1.png"));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        // the filters are open, so that each point's mask comes out
        using var automaticMasks = new AutomaticMaskGenerator(
            model.Segmenter,
            new AutomaticMaskOptions
            {
                PointsPerSide = 3,
                PredictedIouThreshold = -9,
                StabilityScoreThreshold = -1,
                MinMaskRegionArea = 0,
                NmsThreshold = 1,
            }
        );
        Assert.True(model.Segmenter.ParallelDecodes > 1);
        var found = automaticMasks.Run(embedding);
        Assert.Equal(9, found.Count);
        var mask = new BinaryMask();
        foreach (var one in found)
        {
            result.Prompt.Clear();
            result.Prompt.Add(one.Point);
            model.Segmenter.Decode(embedding, result);
            Assert.True(new RunLength().TryDecode(one.Counts, pixels.Cols, pixels.Rows, mask, out _));
            Assert.Equal(1, BinaryMask.Iou(mask, result.Mask));
        }

        Assert.Equal(found.Select(f => f.Point), automaticMasks.Run(embedding).Select(f => f.Point));
    }

    private IReadOnlyList<AutomaticMask> Run(float[] map, float predictedIou, AutomaticMaskOptions options, out int candidates)
    {
        using var model = LoadedModel.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, map, [predictedIou], map, 12, 8).ToBytes(), scratch.Path)
        );
        using var pixels = new Mat(80, 120, MatType.CV_8UC3, Scalar.All(90));
        using var embedding = model.Segmenter.CreateEmbedding();
        var times = StageTimes.None;
        model.Segmenter.Encode(pixels, embedding, ref times);
        using var automaticMasks = new AutomaticMaskGenerator(model.Segmenter, options);
        var found = automaticMasks.Run(embedding);
        candidates = automaticMasks.Candidates;
        return found;
    }

    private static float[] Left(float logit) => [.. Enumerable.Range(0, 96).Select(i => i % 12 < 6 ? logit : -logit)];
}
