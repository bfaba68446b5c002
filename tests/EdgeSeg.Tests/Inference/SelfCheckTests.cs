using EdgeSeg.Masks;
using Xunit;

namespace EdgeSeg.Inference;

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
    public void Its_outcome_is_kept_and_not_paid_for_again()
    {
        var state = Directory.CreateDirectory(Path.Combine(scratch.Path, "state")).FullName;
        var choice = new ModelChoice { Folder = Bundle(golden: Half(left: true)), StateFolder = state };
        LoadedModel.Load(choice).Dispose();
        var file = Path.Combine(state, "self-checks.tsv");
        var line = Assert.Single(File.ReadAllLines(file));
        // a kept outcome is believed: that is how we see that it was not measured again
        File.WriteAllText(file, line.Split('\t')[0] + "\t0.5\n");
        Assert.Contains("IoU of 0.500", Assert.Throws<OperatingException>(() => LoadedModel.Load(choice)).Message);
    }

    [Fact]
    public void A_damaged_file_of_outcomes_costs_a_check_and_nothing_else()
    {
        var state = Directory.CreateDirectory(Path.Combine(scratch.Path, "state")).FullName;
        File.WriteAllBytes(Path.Combine(state, "self-checks.tsv"), [0, 255, 10, 9, 9, 10]);
        LoadedModel.Load(new ModelChoice { Folder = Bundle(golden: Half(left: true)), StateFolder = state }).Dispose();
    }

    [Fact]
    public void Outcomes_are_told_apart_by_model_runtime_provider_and_processor()
    {
        string[] keys = [Verdicts.Key("a", "1", "cpu", "flags: x"), Verdicts.Key("b", "1", "cpu", "flags: x"), Verdicts.Key("a", "2", "cpu", "flags: x"), Verdicts.Key("a", "1", "cuda", "flags: x"), Verdicts.Key("a", "1", "cpu", "flags: y")];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(Verdicts.Key("a", "1", "cpu", "flags: x\ncpu MHz: 1"), Verdicts.Key("a", "1", "cpu", "flags: x\ncpu MHz: 2"));
    }

    private static string Shipped => Configuration.Text.RepositoryPath("models/squeezesam");

    private string Bundle(string golden)
    {
        float[] left = [.. Enumerable.Range(0, 64).Select(i => i % 8 < 4 ? 3f : -3f)];
        var graph = OnnxGraph.SqueezeSam(32, 32, left, [0.9f], left, 8, 8).ToBytes();
        return OnnxGraph.Bundle(graph, Path.Combine(scratch.Path, "bundle"), extra: $",\"golden\":{System.Text.Json.JsonSerializer.Serialize(golden)}");
    }

    private static string Half(bool left)
    {
        var mask = new Mask();
        mask.Reset(SelfCheck.Side, SelfCheck.Side);
        for (var y = 0; y < SelfCheck.Side; y++) mask.SetRun(y, left ? 0 : SelfCheck.Side / 2, left ? SelfCheck.Side / 2 : SelfCheck.Side);
        return SelfCheck.Counts(mask);
    }
}
