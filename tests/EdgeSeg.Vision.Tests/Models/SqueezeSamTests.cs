using EdgeSeg.Testing;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class SqueezeSamTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-test-").FullName;

    public void Dispose() => Directory.Delete(folder, true);

    [Fact]
    public void Sizes_come_from_the_graph()
    {
        // 96x64 in, 12x8 out, the object is the left half
        using var model = Load(Constant(96, 64, 12, 8, x => x < 6 ? 3 : -3));
        Assert.Equal((96, 64), (model.Segmenter.InputWidth, model.Segmenter.InputHeight));
        var result = Auto(model, 120, 40);
        Assert.True(result.Found);
        Assert.Equal(60 * 40, result.Geometry.Area, 40 * 1.0);
        Assert.Equal(30, result.Geometry.CentroidX, 0.6);
        Assert.Equal(5, result.Prompt.ClickCount);
        Assert.Equal(new Click(30, 20), result.Prompt.Clicks[0]);
    }

    [Fact]
    public void A_stable_mask_of_the_highest_score_is_taken_although_two_others_agree()
    {
        // two that are one region, the upper half, and one that shares no pixel with it, the lowest quarter
        float[] upper = [.. Filled(8, 2), .. Filled(8, -2)];
        float[] lowest = [.. Filled(12, -2), .. Filled(4, 2)];
        using var model = Load(OnnxGraph.SqueezeSam(32, 32, [.. upper, .. lowest, .. upper], [0.7f, 0.9f, 0.8f], new float[16], 4, 4));
        var result = Click(model, 64, 64);
        Assert.Equal((0.9f, 1f, 0.9f), (result.PredictedIou, result.Stability, result.Score));
        Assert.Equal((64 * 16, 0, 48), (result.Geometry.Area, result.Geometry.Left, result.Geometry.Top));
    }

    [Fact]
    public void A_stable_mask_ranks_above_an_unstable_one_that_the_model_is_surer_of()
    {
        // the surest: everything, but hardly above the threshold; the others: the upper half and the left half
        float[] upper = [.. Filled(8, 2), .. Filled(8, -2)];
        float[] left = [.. Enumerable.Range(0, 16).Select(i => i % 4 < 2 ? 2f : -2)];
        float[] masks = [.. Filled(16, 0.5f), .. left, .. upper];
        using var model = Load(OnnxGraph.SqueezeSam(32, 32, masks, [0.9f, 0.7f, 0.8f], new float[16], 4, 4));
        var result = Click(model, 64, 64);
        Assert.Equal((0.8f, 1f, 0.8f), (result.PredictedIou, result.Stability, result.Score));
        Assert.Equal(64 * 32, result.Geometry.Area);
    }

    [Fact]
    public void Where_no_mask_is_stable_the_one_with_the_greatest_predicted_iou_is_taken()
    {
        float[] masks = [.. Filled(16, 0.5f), .. Filled(8, 0.5f), .. Filled(12, -0.5f), .. Filled(12, 0.5f)];
        using var model = Load(OnnxGraph.SqueezeSam(32, 32, masks, [0.6f, 0.9f, 0.7f], new float[16], 4, 4));
        var result = Click(model, 64, 64);
        Assert.Equal((0.9f, 0f, 0f), (result.PredictedIou, result.Stability, result.Score));
        Assert.Equal(64 * 32, result.Geometry.Area);
    }

    [Theory]
    [InlineData(0.87f, 0.87f, true)]
    [InlineData(0.89f, 0, false)]
    [InlineData(0, 0.89f, false)]
    public void Below_the_floor_nothing_is_salient(float mean, float peak, bool found)
    {
        // saliency of a logit of 2: 0.881
        using var model = Load(OnnxGraph.SqueezeSam(32, 32, Filled(48, 5), [1, 1, 1], Filled(16, 2), 4, 4));
        model.Segmenter.Floor = new SaliencyFloor(mean, peak);
        var result = Auto(model, 50, 50);
        Assert.Equal((found, found ? "" : Segmentation.NothingSalient), (result.Found, result.Reason));
    }

    [Fact]
    public void Nothing_salient_is_reported_without_a_mask()
    {
        using var model = Load(OnnxGraph.SqueezeSam(32, 32, Filled(48, 5), [1, 1, 1], Filled(16, -2), 4, 4));
        var result = Auto(model, 50, 50);
        Assert.False(result.Found);
        Assert.Equal(Segmentation.NothingSalient, result.Reason);
        Assert.Equal(0, result.Mask.Area());
        Assert.Equal(0, result.Score);
        Assert.True(double.IsNaN(result.Times[Stage.Decode]));
    }

    [Fact]
    public void A_click_off_the_object_reaches_a_graph_that_knows_it()
    {
        var bundle = OnnxGraph.Bundle(OnnxGraph.NegativeClicks(32).ToBytes(), folder, members: "\"capabilities\":[\"negative_clicks\"],");
        using var model = LoadedModel.Load(bundle);
        Assert.True(model.Segmenter.AcceptsNegativeClicks);
        using var pixels = new Mat(64, 64, MatType.CV_8UC3, Scalar.All(80));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        result.Prompt.Source = PromptSource.Click;
        result.Prompt.Add(new Click(10, 10));
        model.Segmenter.Decode(embedding, result);
        Assert.Equal(64 * 64, result.Geometry.Area);
        result.Prompt.Add(new Click(50, 10, IsNegative: true));
        model.Segmenter.Decode(embedding, result);
        // between the logits 4 and -4 the edge lies in the middle
        Assert.Equal(32 * 64, result.Geometry.Area);
    }

    [Theory]
    [InlineData("\"saliency_mean\":0.8,\"saliency_peak\":0.9,\"pred_iou_thresh\":0.3,\"multimask\":true", null)]
    [InlineData("\"saliency_mean\":1.5", "saliency_mean")]
    [InlineData("\"stability_score_thresh\":-1", "stability_score_thresh")]
    public void Thresholds_come_from_the_bundle_and_are_checked(string numbers, string? wrong)
    {
        var graph = OnnxGraph.SqueezeSam(32, 32, Filled(48, 5), [1, 1, 1], Filled(16, 2), 4, 4).ToBytes();
        var bundle = OnnxGraph.Bundle(graph, folder, members: $"\"thresholds\":{{\"from\":\"test\",{numbers}}},");
        if (wrong is not null)
        {
            Assert.Contains(wrong, Assert.Throws<OperatingException>(() => LoadedModel.Load(bundle)).Message);
            return;
        }

        using var model = LoadedModel.Load(bundle);
        Assert.Equal(new SaliencyFloor(0.8f, 0.9f), model.Segmenter.Floor);
        var options = AutomaticMaskOptions.For(model.Bundle.Manifest.Thresholds);
        Assert.Equal((0.3f, 0.9f, true), (options.PredictedIouThreshold, options.StabilityScoreThreshold, options.Multimask));
        Assert.False(model.Segmenter.AcceptsNegativeClicks);
    }

    [Fact]
    public void An_empty_mask_is_not_found()
    {
        using var model = Load(OnnxGraph.SqueezeSam(32, 32, Filled(48, -1), [1, 1, 1], Filled(16, 2), 4, 4));
        Assert.Equal(Segmentation.EmptyMask, Auto(model, 50, 50).Reason);
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public void Output_that_is_not_a_number_is_refused(bool badMasks, bool badIou, bool badSaliency)
    {
        var nan = float.NaN;
        using var model = Load(
            OnnxGraph.SqueezeSam(
                32,
                32,
                Filled(48, badMasks ? nan : 1),
                Filled(3, badIou ? nan : 1),
                Filled(16, badSaliency ? nan : 2),
                4,
                4
            )
        );
        var result = Auto(model, 50, 50);
        Assert.False(result.Found);
        Assert.Equal(Segmentation.BadModelOutput, result.Reason);
        Assert.Equal(0, result.Score);
    }

    [Fact]
    public void A_graph_without_the_inputs_is_refused_by_name()
    {
        var graph = new OnnxGraph().Input("picture", 2, 1, 8, 8, 3).Output("masks", new float[4], 1, 1, 2, 2).ToBytes();
        var error = Assert.Throws<OperatingException>(() => LoadedModel.Load(OnnxGraph.Bundle(graph, folder)));
        Assert.Contains("no input 'image'", error.Message);
        Assert.Contains("picture", error.Message);
    }

    [Fact]
    public void A_graph_with_another_input_type_is_refused()
    {
        var graph = new OnnxGraph().Input("image", 1, 1, 8, 8, 3).Output("masks", new float[4], 1, 1, 2, 2).ToBytes();
        Assert.Contains(
            "'image' is Float[1,8,8,3]",
            Assert.Throws<OperatingException>(() => LoadedModel.Load(OnnxGraph.Bundle(graph, folder))).Message
        );
    }

    [Fact]
    public void A_file_that_is_not_a_graph_is_refused()
    {
        var error = Assert.Throws<OperatingException>(() => LoadedModel.Load(OnnxGraph.Bundle([1, 2, 3, 4], folder)));
        Assert.Contains("refuses the graph m.onnx", error.Message);
    }

    [Fact]
    public void A_frame_allocates_almost_nothing_until_its_mask()
    {
        using var model = Load(Constant(64, 64, 32, 32, x => x < 16 ? 3 : -3));
        using var pixels = new Mat(720, 1280, MatType.CV_8UC3, Scalar.All(90));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        for (var i = 0; i < 3; i++)
            Frame();
        var each = Allocations.Least(Frame);
        Assert.True(each <= 512, $"{each} bytes a frame");

        void Frame()
        {
            model.Segmenter.Encode(pixels, embedding, ref result.Times);
            model.Segmenter.Auto(embedding, result);
        }
    }

    private LoadedModel Load(OnnxGraph graph) => LoadedModel.Load(OnnxGraph.Bundle(graph.ToBytes(), folder));

    private static float[] Filled(int n, float value) => [.. Enumerable.Repeat(value, n)];

    private static OnnxGraph Constant(int w, int h, int ow, int oh, Func<int, float> logit)
    {
        float[] map = [.. Enumerable.Range(0, ow * oh).Select(i => logit(i % ow))];
        return OnnxGraph.SqueezeSam(w, h, [.. map, .. map, .. map], [0.5f, 0.7f, 0.6f], map, ow, oh);
    }

    private static Segmentation Auto(LoadedModel model, int width, int height) => Run(model, width, height, (sam, e, r) => sam.Auto(e, r));

    private static Segmentation Click(LoadedModel model, int width, int height) =>
        Run(
            model,
            width,
            height,
            (sam, e, r) =>
            {
                r.Prompt.Source = PromptSource.Click;
                r.Prompt.Add(new Click(1, 1));
                sam.Decode(e, r);
            }
        );

    private static Segmentation Run(LoadedModel model, int width, int height, Action<ISegmenter, Embedding, Segmentation> ask)
    {
        using var pixels = new Mat(height, width, MatType.CV_8UC3, Scalar.All(90));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        ask(model.Segmenter, embedding, result);
        return result;
    }
}
