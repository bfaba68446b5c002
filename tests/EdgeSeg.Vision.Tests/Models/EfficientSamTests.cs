using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class EfficientSamTests(EfficientSamTests.Fixture fixture) : IClassFixture<EfficientSamTests.Fixture>
{
    [Fact]
    public void Embeddings_logits_scores_and_masks_equal_those_of_torch()
    {
        var model = fixture.Model;
        using var reader = new PictureOf();
        using var embedding = (EncodedPicture)model.Segmenter.CreateEmbedding();
        using var decoding = model.Segmenter.CreateDecoding();
        var result = new Segmentation();
        var cases = EfficientSamGraphs.Cases();
        Assert.Contains(cases, c => c.Labels.Length == 1);
        Assert.Contains(cases, c => c.Labels.Length == 6);
        Assert.Contains(cases, c => c.Labels[0] == 2);
        foreach (var of in cases)
        {
            model.Segmenter.Encode(reader.Read(of.Image), embedding, ref result.Times);
            model.Segmenter.EnsureEncoded(embedding, ref result.Times);
            Assert.Equal(0, Farthest(EfficientSamGraphs.Floats(of.EmbeddingFile), embedding.Features.Span), 1e-3f);

            decoding.Run(embedding, of.Prompt());
            Assert.Equal(0, Farthest(of.PredictedIou, decoding.PredictedIou), 1e-3f);
            Assert.Equal(of.Best, decoding.Best());
            var logits = EfficientSamGraphs.Floats(of.LogitsFile);
            for (var k = 0; k < decoding.Count; k++)
                Assert.Equal(
                    0,
                    Farthest(logits.AsSpan(k * logits.Length / decoding.Count, logits.Length / decoding.Count), decoding.Logits(k)),
                    1e-3f
                );

            result.Prompt.CopyFrom(of.Prompt());
            model.Segmenter.Decode(embedding, result);
            Assert.True(result.Found);
            var iou = BinaryMask.Iou(result.Mask, EfficientSamGraphs.Mask(of));
            Assert.True(iou >= 0.999, $"{of.Image} {of.Labels.Length} points: IoU {iou}");
        }
    }

    [Theory]
    [InlineData(640, 480)]
    [InlineData(200, 1100)]
    [InlineData(1280, 720)]
    public void Masks_are_those_of_the_graphs_run_at_the_size_of_the_picture(int width, int height)
    {
        var model = fixture.Model;
        using var picture = new PictureOf();
        using var pixels = new Mat();
        Cv2.Resize(picture.Read("image0.png"), pixels, new Size(width, height));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        foreach (
            var points in (float[][])
                [
                    [0.5f, 0.5f],
                    [0.2f, 0.3f, 0.6f, 0.7f],
                ]
        )
        {
            result.Prompt.Clear();
            result.Prompt.Source = PromptSource.Click;
            for (var i = 0; i < points.Length; i += 2)
                result.Prompt.Add(new Click(points[i] * width, points[i + 1] * height));
            model.Segmenter.Decode(embedding, result);
            var iou = BinaryMask.Iou(result.Mask, Untouched(pixels, result.Prompt));
            Assert.True(iou >= 0.999, $"IoU {iou}");
        }
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void A_crop_is_looked_at_with_pictures_of_512_px_and_less(int cells, bool isZoomed)
    {
        using var model = new EfficientSam(
            new ModelSession(OnnxGraph.EfficientSamEncoder(cells).ToBytes(), "e", threads: 1),
            new ModelSession(OnnxGraph.EfficientSamDecoder(cells, 4 * cells, 0.9f).ToBytes(), "d", threads: 1),
            saliencyModel: null
        );
        using var zoom = new ZoomSegmenter(model);
        using var pixels = new Mat(300, 400, MatType.CV_8UC3, Scalar.All(90));
        using var embedding = model.CreateEmbedding();
        var result = new Segmentation { Times = StageTimes.None };
        model.Encode(pixels, embedding, ref result.Times);
        result.Prompt.Source = PromptSource.Box;
        result.Prompt.Box = new Box(100, 100, 160, 160);
        zoom.Decode(pixels, embedding, result);
        Assert.True(result.Found);
        Assert.Equal(isZoomed, result.IsZoomed);
        // the mask covers the crop alone: 1.5 times the box
        Assert.Equal(isZoomed ? 90 * 90 : 300 * 400, result.Mask.Area());
    }

    [Fact]
    public void Many_prompts_on_one_picture_cost_one_encoding_and_a_picture_without_a_prompt_none()
    {
        var model = fixture.Model;
        using var picture = new PictureOf();
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation { Times = StageTimes.None };
        model.Segmenter.Encode(picture.Read("image1.png"), embedding, ref result.Times);
        Assert.True(double.IsNaN(result.Times[Stage.Embed]));
        Click();
        Assert.True(result.Times[Stage.Embed] > 0);
        result.Times = StageTimes.None;
        Click();
        Assert.True(double.IsNaN(result.Times[Stage.Embed]));
        Assert.True(result.Times[Stage.Decode] > 0);

        void Click()
        {
            result.Prompt.Clear();
            result.Prompt.Add(new Click(30, 40));
            model.Segmenter.Decode(embedding, result);
        }
    }

    [Fact]
    public void A_picture_that_waits_for_its_encoder_is_encoded_before_the_next_one()
    {
        var model = fixture.Model;
        using var picture = new PictureOf();
        using var first = (EncodedPicture)model.Segmenter.CreateEmbedding();
        using var second = (EncodedPicture)model.Segmenter.CreateEmbedding();
        var times = StageTimes.None;
        var cases = EfficientSamGraphs.Cases();
        model.Segmenter.Encode(picture.Read("image0.png"), first, ref times);
        model.Segmenter.Encode(picture.Read("image1.png"), second, ref times);
        model.Segmenter.EnsureEncoded(first, ref times);
        model.Segmenter.EnsureEncoded(second, ref times);
        Assert.Equal(
            0,
            Farthest(EfficientSamGraphs.Floats(cases.First(c => c.Image == "image0.png").EmbeddingFile), first.Features.Span),
            1e-3f
        );
        Assert.Equal(
            0,
            Farthest(EfficientSamGraphs.Floats(cases.First(c => c.Image == "image1.png").EmbeddingFile), second.Features.Span),
            1e-3f
        );
    }

    [Fact]
    public void The_automatic_mode_takes_its_clicks_from_the_salience_role()
    {
        var model = fixture.Model;
        Assert.Equal("test", model.SaliencyModel.Name);
        Assert.Equal("efficientsam-random", model.Name);
        using var picture = new PictureOf();
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation();
        var pixels = picture.Read("image0.png");
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        model.Segmenter.Auto(embedding, result);
        Assert.Equal(5, result.Prompt.ClickCount);
        Assert.Equal(pixels.Cols / 4f, result.Prompt.Clicks[0].X, 1f);
        Assert.Equal(PromptSource.Auto, result.Prompt.Source);
        Assert.InRange(result.Score, 0, 1);
        Assert.True(result.Found);
    }

    [Fact]
    public void Six_points_are_the_most()
    {
        var model = fixture.Model;
        Assert.Equal(6, model.Segmenter.MaxPoints);
        var prompt = new PromptBuffer { Box = new Box(0, 0, 5, 5) };
        for (var i = 0; i < 5; i++)
            prompt.Add(new Click(1, 1));
        Assert.Contains("at most 6 points", PromptRules.Check(prompt, 10, 10, model.Segmenter.MaxPoints));
    }

    /// <summary>Loaded once: a trial run of the encoder takes seconds.</summary>
    public sealed class Fixture : IDisposable
    {
        private readonly Scratch scratch = new();
        private LoadedModel? model;

        internal LoadedModel Model =>
            model ??= EfficientSamGraphs.Load(OnnxGraph.Bundle(LeftIsSalient(), Path.Combine(scratch.Path, "salience")));

        public void Dispose()
        {
            model?.Dispose();
            scratch.Dispose();
        }

        /// <summary>The salient object is the left half; its own masks are empty, so that a mask cannot come from this model.</summary>
        private static byte[] LeftIsSalient()
        {
            float[] left = [.. Enumerable.Range(0, 64).Select(i => i % 8 < 4 ? 3f : -3f)];
            float[] nothing = [.. Enumerable.Repeat(-1f, 64)];
            return OnnxGraph.SqueezeSam(32, 32, nothing, [1], left, 8, 8).ToBytes();
        }
    }

    private static float Farthest(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(a.Length, b.Length);
        var far = 0f;
        for (var i = 0; i < a.Length; i++)
            far = Math.Max(far, Math.Abs(a[i] - b[i]));
        return far;
    }

    /// <summary>
    /// The published graphs without our changes: the frame as floats in its own size, exactly the prompt's points, full-size masks from the
    /// graph.
    /// </summary>
    private static unsafe BinaryMask Untouched(Mat pixels, PromptBuffer prompt)
    {
        int w = pixels.Cols,
            h = pixels.Rows;
        var planes = new float[3 * w * h];
        for (var y = 0; y < h; y++)
        {
            for (var x = 0; x < w; x++)
            {
                for (var c = 0; c < 3; c++)
                    planes[c * w * h + y * w + x] = ((byte*)pixels.Ptr(y))[3 * x + 2 - c] / 255f;
            }
        }

        using var run = new RunOptions();
        using var encoder = new InferenceSession(EfficientSamGraphs.Encoder);
        using var decoder = new InferenceSession(EfficientSamGraphs.Decoder);
        using var image = OrtValue.CreateTensorValueFromMemory(planes, [1, 3, h, w]);
        using var features = encoder.Run(run, new Dictionary<string, OrtValue> { ["batched_images"] = image }, ["image_embeddings"]);
        var n = prompt.ClickCount;
        float[] xy = [.. prompt.Clicks.ToArray().SelectMany(c => new[] { c.X, c.Y })];
        using var coordinates = OrtValue.CreateTensorValueFromMemory(xy, [1, 1, n, 2]);
        using var labels = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(1f, n).ToArray(), [1, 1, n]);
        using var size = OrtValue.CreateTensorValueFromMemory(new long[] { h, w }, [2]);
        using var answers = decoder.Run(
            run,
            new Dictionary<string, OrtValue>
            {
                ["image_embeddings"] = features[0],
                ["batched_point_coords"] = coordinates,
                ["batched_point_labels"] = labels,
                ["orig_im_size"] = size,
            },
            ["output_masks", "iou_predictions"]
        );
        var scores = answers[1].GetTensorDataAsSpan<float>();
        var best = scores.IndexOf(scores.ToArray().Max());
        var logits = answers[0].GetTensorDataAsSpan<float>().Slice(best * w * h, w * h);
        var mask = new BinaryMask();
        mask.Reset(w, h);
        for (var i = 0; i < logits.Length; i++)
        {
            if (logits[i] >= 0)
                mask[i % w, i / w] = true;
        }

        return mask;
    }

    private sealed class PictureOf : IDisposable
    {
        private readonly Dictionary<string, Mat> read = [];

        public Mat Read(string name)
        {
            if (!read.TryGetValue(name, out var mat))
                read[name] = mat = Cv2.ImRead(Path.Combine(EfficientSamGraphs.Folder, name));
            return mat;
        }

        public void Dispose()
        {
            foreach (var mat in read.Values)
                mat.Dispose();
        }
    }
}
