using EdgeSeg.Testing;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class AutomaticClicksTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly AutomaticClicks clicks = new();
    private readonly Segmentation result = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(1, "yyyyyy")]
    [InlineData(2, "ynynyn")]
    [InlineData(3, "ynnynn")]
    public void The_saliency_pass_runs_on_every_nth_frame(int every, string passes)
    {
        using var model = Model(3);
        Assert.Equal(passes, string.Concat(Enumerable.Range(0, 6).Select(_ => Frame(model, 60, 40, every))));
        Assert.True(result.Found);
        Assert.Equal((5, PromptSource.Auto), (result.Prompt.ClickCount, result.Prompt.Source));
        Assert.Equal(result.PredictedIou * result.Stability * result.Saliency, result.Score);
    }

    [Fact]
    public void A_pass_follows_a_frame_without_an_object_and_one_of_another_size()
    {
        using (var nothing = Model(-3))
            Assert.Equal("yy", Frame(nothing, 60, 40, 4) + Frame(nothing, 60, 40, 4));
        using var model = Model(3);
        Assert.Equal("yny", Frame(model, 60, 40, 4) + Frame(model, 60, 40, 4) + Frame(model, 80, 40, 4));
    }

    private LoadedModel Model(float left)
    {
        float[] map = [.. Enumerable.Range(0, 64).Select(i => i % 8 < 4 ? left : -3f)];
        return LoadedModel.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, map, [0.9f], map, 8, 8).ToBytes(), Path.Combine(scratch.Path, $"{left}"))
        );
    }

    private string Frame(LoadedModel model, int width, int height, int every)
    {
        using var pixels = new Mat(height, width, MatType.CV_8UC3, Scalar.All(90));
        using var embedding = model.Segmenter.CreateEmbedding();
        result.Times = StageTimes.None;
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        using var zoom = new ZoomSegmenter(model.Segmenter, isOn: false);
        clicks.Run(zoom, pixels, embedding, result, every);
        return double.IsNaN(result.Times[Stage.Saliency]) ? "n" : "y";
    }
}
