using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Microsoft.Extensions.Time.Testing;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Pipeline;

public class RunGuardTests
{
    private readonly FakeTimeProvider time = new();
    private readonly List<bool> cuts = [];

    private InferenceCanceller Guard(double limitS = 5) => new(cuts.Add, TimeSpan.FromSeconds(limitS), time);

    [Fact]
    public void Work_beyond_its_limit_is_cut_once_and_the_next_may_run()
    {
        using var guard = Guard();
        guard.Begin(mayYield: false);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(cuts);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([true], cuts);
        Assert.True(guard.IsCut);
        Assert.True(guard.Explain().TookTooLong);
        guard.End(isWhole: false);
        Assert.Equal([true, false], cuts);
        guard.Begin(mayYield: false);
        Assert.False(guard.IsCut);
        guard.End(isWhole: true);
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal([true, false], cuts);
    }

    [Fact]
    public void Automatic_work_with_long_to_go_makes_way_for_a_command_but_not_twice_in_a_row()
    {
        using var guard = Guard();
        Automatic(guard, 2);
        guard.Begin(mayYield: true);
        time.Advance(TimeSpan.FromSeconds(0.5));
        guard.CommandArrived();
        guard.CommandArrived();
        Assert.Equal([true], cuts);
        Assert.False(guard.Explain().TookTooLong);
        guard.End(isWhole: false);
        guard.Begin(mayYield: true);
        guard.CommandArrived();
        Assert.Equal([true, false], cuts);
        guard.End(isWhole: true);
        Automatic(guard, 2);
        guard.Begin(mayYield: true);
        guard.CommandArrived();
        Assert.Equal([true, false, true], cuts);
    }

    [Fact]
    public void What_is_nearly_done_or_may_not_yield_or_rests_is_left_alone()
    {
        using var guard = Guard();
        guard.CommandArrived();
        Automatic(guard, 2);
        guard.CommandArrived();
        guard.Begin(mayYield: true);
        time.Advance(TimeSpan.FromSeconds(1.9));
        guard.CommandArrived();
        guard.End(isWhole: true);
        guard.Begin(mayYield: false);
        guard.CommandArrived();
        Assert.Empty(cuts);
    }

    [Fact]
    public void A_model_at_work_heeds_the_cut_and_works_again_after_it()
    {
        const int side = 32;
        var nothing = new float[side * side];
        Array.Fill(nothing, -4f);
        using var scratch = new Scratch();
        var graph = OnnxGraph.SlowSqueezeSam(64, [.. nothing, .. nothing, .. nothing], [0.5f, 0.5f, 0.5f], nothing, side, products: 500);
        using var model = LoadedModel.Load(OnnxGraph.Bundle(graph.ToBytes(), scratch.Path));
        using var guard = new InferenceCanceller(model.SetCancelled, TimeSpan.FromSeconds(1), time);
        using var pixels = new Mat(64, 64, MatType.CV_8UC3, Scalar.All(9));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation { Times = StageTimes.None };
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        using var begun = new ManualResetEventSlim();
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            guard.Begin(mayYield: false);
            begun.Set();
            failure = Record.Exception(() => model.Segmenter.Auto(embedding, result));
            guard.End(failure is null);
        });
        thread.Start();
        begun.Wait(TestContext.Current.CancellationToken);
        // a run that takes half a second real time has taken two by this clock
        time.Advance(TimeSpan.FromSeconds(2));
        thread.Join();
        Assert.IsType<OnnxRuntimeException>(failure);
        Assert.True(guard.Explain().TookTooLong);
        model.Segmenter.Auto(embedding, result);
        Assert.Equal(Segmentation.NothingSalient, result.Reason);
    }

    private void Automatic(InferenceCanceller guard, double seconds)
    {
        guard.Begin(mayYield: true);
        time.Advance(TimeSpan.FromSeconds(seconds));
        guard.End(isWhole: true);
    }
}
