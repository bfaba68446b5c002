using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class SelfCheckTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    public void The_shipped_model_gives_its_golden_mask(string precision)
    {
        using var model = LoadedModel.Load(Shipped, precision);
        Assert.True(SelfCheck.Iou(model.Segmenter, model.Graph.Golden!) >= SelfCheck.MinIou);
    }

    [Fact]
    public void A_model_that_gives_another_mask_is_refused()
    {
        var error = Assert.Throws<OperatingException>(() => LoadedModel.Load(Bundle(golden: Half(left: false))));
        Assert.Contains("wrong numbers", error.Message);
        Assert.Contains("IoU of 0.000", error.Message);
        using var good = LoadedModel.Load(Bundle(golden: Half(left: true)));
        Assert.Equal("cpu", good.Provider);
    }

    [Fact]
    public void A_result_is_kept_and_not_measured_again()
    {
        var state = Directory.CreateDirectory(Path.Combine(scratch.Path, "state")).FullName;
        var choice = new ModelChoice { Folder = Bundle(golden: Half(left: true)), StateFolder = state };
        LoadedModel.Load(choice).Dispose();
        var file = Path.Combine(state, "self-checks.tsv");
        var line = Assert.Single(File.ReadAllLines(file));
        // a kept result is used, which shows that it was not measured again
        File.WriteAllText(file, line.Split('\t')[0] + "\t0.5\n");
        Assert.Contains("IoU of 0.500", Assert.Throws<OperatingException>(() => LoadedModel.Load(choice)).Message);
    }

    [Fact]
    public void A_damaged_file_of_results_causes_a_new_check()
    {
        var state = Directory.CreateDirectory(Path.Combine(scratch.Path, "state")).FullName;
        File.WriteAllBytes(Path.Combine(state, "self-checks.tsv"), [0, 255, 10, 9, 9, 10]);
        LoadedModel.Load(new ModelChoice { Folder = Bundle(golden: Half(left: true)), StateFolder = state }).Dispose();
    }

    [Fact]
    public void Results_are_kept_per_model_runtime_provider_and_processor()
    {
        string[] keys =
        [
            SelfCheckCache.Key("a", "1", "cpu", "flags: x"),
            SelfCheckCache.Key("b", "1", "cpu", "flags: x"),
            SelfCheckCache.Key("a", "2", "cpu", "flags: x"),
            SelfCheckCache.Key("a", "1", "cuda", "flags: x"),
            SelfCheckCache.Key("a", "1", "cpu", "flags: y"),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(
            SelfCheckCache.Key("a", "1", "cpu", "flags: x\ncpu MHz: 1"),
            SelfCheckCache.Key("a", "1", "cpu", "flags: x\ncpu MHz: 2")
        );
    }

    [Fact]
    public void An_answer_that_does_not_follow_the_picture_is_wrong_where_memory_is_copied()
    {
        using var model = LoadedModel.Load(Shipped, "fp32");
        using Stuck stuck = new(model.Segmenter),
            stuckSoon = new(model.Segmenter);
        Assert.True(SelfCheck.Iou(stuck, model.Graph.Golden!) >= SelfCheck.MinIou);
        Assert.True(SelfCheck.Iou(stuckSoon, model.Graph.Golden!, second: true) < 0.5);
        Assert.True(SelfCheck.Iou(model.Segmenter, model.Graph.Golden!, second: true) >= SelfCheck.MinIou);
    }

    [Fact]
    public void A_provider_with_its_own_memory_gets_every_picture()
    {
        var own = new ExecutionProvider(
            "own",
            ExecutionProviders.Cpu.RuntimeName,
            Untested: true,
            (_, _) => { },
            OwnMemory: true,
            WhyFloat: "it likes it"
        );
        using var copied = LoadedModel.Load(new ModelChoice { Folder = Shipped, Known = [own, ExecutionProviders.Cpu] });
        Assert.Equal(("own", "fp32", "it likes it"), (copied.Provider, copied.Precision, copied.PrecisionReason));
        using var plain = LoadedModel.Load(Shipped, "fp32");
        for (var i = 0; i < 2; i++)
            Assert.Equal(
                1,
                BinaryMask.Iou(
                    SelfCheck.Ask(copied.Segmenter, mirrored: i == 0).Mask,
                    SelfCheck.Ask(plain.Segmenter, mirrored: i == 0).Mask
                )
            );
        using var wished = LoadedModel.Load(
            new ModelChoice
            {
                Folder = Shipped,
                Precision = "int8",
                Known = [own, ExecutionProviders.Cpu],
            }
        );
        Assert.Equal("int8", wished.Precision);
    }

    /// <summary>A model that always answers its first picture, like one whose input was copied to a device only once.</summary>
    private sealed class Stuck(ISegmenter model) : ISegmenter
    {
        private Mat? first;

        public int InputWidth => model.InputWidth;

        public int InputHeight => model.InputHeight;

        public int MaxPoints => model.MaxPoints;

        public int MaskCount => model.MaskCount;

        public bool HasSaliency => model.HasSaliency;

        public float SaliencyThreshold { get; set; }

        public SaliencyMap Saliency => model.Saliency;

        public int ParallelDecodes => model.ParallelDecodes;

        public int EmbeddingsWorthKeeping => model.EmbeddingsWorthKeeping;

        public Embedding CreateEmbedding() => model.CreateEmbedding();

        public Decoding CreateDecoding() => model.CreateDecoding();

        public void Encode(Mat pixels, Embedding embedding, ref StageTimes times) =>
            model.Encode(first ??= pixels.Clone(), embedding, ref times);

        public bool FindClicks(Embedding embedding, Segmentation result) => model.FindClicks(embedding, result);

        public SalientRegion Salient => model.Salient;

        public SaliencyFloor Floor { get; set; }

        public bool AcceptsNegativeClicks => model.AcceptsNegativeClicks;

        public bool GainsFromZoom => model.GainsFromZoom;

        public Decoding Ask(Embedding embedding, PromptBuffer prompt, ref StageTimes times) => model.Ask(embedding, prompt, ref times);

        public bool TryEnlarge(int index, Embedding embedding, BinaryMask mask) => model.TryEnlarge(index, embedding, mask);

        public void EnsureEncoded(Embedding embedding, ref StageTimes times) => model.EnsureEncoded(embedding, ref times);

        public void Dispose() => first?.Dispose();
    }

    private static string Shipped => Repository.PathOf("models/squeezesam");

    private string Bundle(string golden)
    {
        float[] left = [.. Enumerable.Range(0, 64).Select(i => i % 8 < 4 ? 3f : -3f)];
        var graph = OnnxGraph.SqueezeSam(32, 32, left, [0.9f], left, 8, 8).ToBytes();
        return OnnxGraph.Bundle(
            graph,
            Path.Combine(scratch.Path, "bundle"),
            extra: $",\"golden\":{System.Text.Json.JsonSerializer.Serialize(golden)}"
        );
    }

    private static string Half(bool left)
    {
        var mask = new BinaryMask();
        mask.Reset(SelfCheck.Side, SelfCheck.Side);
        for (var y = 0; y < SelfCheck.Side; y++)
            mask.SetRun(y, left ? 0 : SelfCheck.Side / 2, left ? SelfCheck.Side / 2 : SelfCheck.Side);
        return SelfCheck.Counts(mask);
    }
}
