using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Microsoft.Extensions.Time.Testing;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Pipeline;

public class InferenceCancellerTests
{
    private readonly FakeTimeProvider time = new();
    private readonly List<bool> calls = [];

    private InferenceCanceller Canceller(double limitS = 5) => new(calls.Add, TimeSpan.FromSeconds(limitS), time);

    [Fact]
    public void A_run_beyond_its_limit_is_cancelled_once_and_the_next_one_may_run()
    {
        using var canceller = Canceller();
        canceller.Run(
            mayYield: false,
            0,
            _ =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                Assert.Empty(calls);
                time.Advance(TimeSpan.FromSeconds(1));
                Assert.Equal([true], calls);
            }
        );
        Assert.Equal([true, false], calls);
        canceller.Run(mayYield: false, 0, _ => { });
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal([true, false], calls);
    }

    [Fact]
    public void An_automatic_run_with_long_to_go_yields_to_a_command_but_not_twice_in_a_row()
    {
        using var canceller = Canceller();
        Automatic(canceller, 2);
        Assert.Throws<InvalidOperationException>(() =>
            canceller.Run(
                mayYield: true,
                0,
                _ =>
                {
                    time.Advance(TimeSpan.FromSeconds(0.5));
                    canceller.CommandArrived();
                    canceller.CommandArrived();
                    Assert.Equal([true], calls);
                    throw new InvalidOperationException("the model stops");
                }
            )
        );
        canceller.Run(mayYield: true, 0, _ => canceller.CommandArrived());
        Assert.Equal([true, false], calls);
        Automatic(canceller, 2);
        canceller.Run(mayYield: true, 0, _ => canceller.CommandArrived());
        Assert.Equal([true, false, true, false], calls);
    }

    [Fact]
    public void A_run_that_is_nearly_done_or_must_not_yield_is_not_cancelled()
    {
        using var canceller = Canceller();
        canceller.CommandArrived();
        Automatic(canceller, 2);
        canceller.CommandArrived();
        canceller.Run(
            mayYield: true,
            0,
            _ =>
            {
                time.Advance(TimeSpan.FromSeconds(1.9));
                canceller.CommandArrived();
            }
        );
        canceller.Run(mayYield: false, 0, _ => canceller.CommandArrived());
        Assert.Empty(calls);
    }

    [Fact]
    public void A_running_model_stops_when_cancelled_and_runs_again_afterwards()
    {
        const int side = 32;
        var nothing = new float[side * side];
        Array.Fill(nothing, -4f);
        using var scratch = new Scratch();
        var graph = OnnxGraph.SlowSqueezeSam(64, [.. nothing, .. nothing, .. nothing], [0.5f, 0.5f, 0.5f], nothing, side, products: 500);
        using var model = LoadedModel.Load(OnnxGraph.Bundle(graph.ToBytes(), scratch.Path));
        using var canceller = new InferenceCanceller(model.SetCancelled, TimeSpan.FromSeconds(1), time);
        using var pixels = new Mat(64, 64, MatType.CV_8UC3, Scalar.All(9));
        using var embedding = model.Segmenter.CreateEmbedding();
        var result = new Segmentation { Times = StageTimes.None };
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        // two seconds pass by this clock before the run starts, so it ends at its first operator
        var failure = Assert.Throws<InferenceCancelledException>(() =>
            canceller.Run(
                mayYield: false,
                0,
                _ =>
                {
                    time.Advance(TimeSpan.FromSeconds(2));
                    model.Segmenter.Auto(embedding, result);
                }
            )
        );
        Assert.True(failure.TimedOut);
        Assert.Equal("inference timed out after 1 s (model.timeout_s)", failure.Message);
        Assert.IsType<OnnxRuntimeException>(Record.Exception(() => CancelDuringRun(model, embedding, result)));
        model.SetCancelled(false);
        model.Segmenter.Auto(embedding, result);
        Assert.Equal(Segmentation.NothingSalient, result.Reason);
    }

    /// <summary>Another thread cancels while the model runs; runs follow one another until one of them ends with the error.</summary>
    private static void CancelDuringRun(LoadedModel model, Embedding embedding, Segmentation result)
    {
        using var begun = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            begun.Wait();
            model.SetCancelled(true);
        });
        other.Start();
        try
        {
            begun.Set();
            while (true)
                model.Segmenter.Auto(embedding, result);
        }
        finally
        {
            other.Join();
        }
    }

    private void Automatic(InferenceCanceller canceller, double seconds) =>
        canceller.Run(mayYield: true, seconds, s => time.Advance(TimeSpan.FromSeconds(s)));
}
