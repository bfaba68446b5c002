using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Models;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace EdgeSeg.Pipeline;

public class FrameProcessorTests
{
    [Fact]
    public void The_mask_of_a_frame_is_published_under_the_frames_id()
    {
        using var rig = new PipelineRig();
        var id = rig.Frame();
        var mask = Assert.Single(rig.Masks);
        Assert.Equal(id, mask["frame"]!.GetValue<string>());
        Assert.True(mask["found"]!.GetValue<bool>());
        Assert.Equal(0.72, mask["score"]!.GetValue<double>(), 3);
        Assert.Equal(
            [PipelineRig.Width / 2.0, PipelineRig.Height / 2.0],
            mask["centroid"]!.AsArray().Select(c => Math.Round(c!.GetValue<double>()))
        );
        Assert.Equal("scripted", mask["model"]!["name"]!.GetValue<string>());
        Assert.Equal(1, rig.Quality.Stats.Results);
    }

    [Fact]
    public void Nothing_salient_is_published_as_not_found()
    {
        using var rig = new PipelineRig();
        rig.Script.MeanSaliency = 0;
        rig.Frame();
        var mask = Assert.Single(rig.Masks);
        Assert.False(mask["found"]!.GetValue<bool>());
        Assert.Equal(Segmentation.NothingSalient, mask["reason"]!.GetValue<string>());
        Assert.Equal(0, rig.Quality.Stats.FoundRate);
    }

    [Fact]
    public void A_mask_below_a_minimum_is_published_as_not_found_and_still_counts_for_the_model()
    {
        using var rig = new PipelineRig(c => c.MinScore = 0.9);
        rig.Frame();
        Assert.Equal(Segmentation.BelowMinScore, rig.Masks[0]["reason"]!.GetValue<string>());
        rig.Camera.Change(rig.Camera.Live with { MinScore = 0, MinArea = 0.5 });
        rig.Frame();
        Assert.Equal(Segmentation.BelowMinArea, rig.Masks[1]["reason"]!.GetValue<string>());
        rig.Camera.Change(rig.Camera.Live with { MinArea = 0 });
        rig.Frame();
        Assert.True(rig.Masks[2]["found"]!.GetValue<bool>());
        Assert.Equal(1, rig.Quality.Stats.FoundRate);
    }

    [Fact]
    public void Only_the_region_of_interest_is_segmented_and_its_mask_is_placed_in_the_frame()
    {
        using var rig = new PipelineRig(c => c.Roi = new Area(200, 100, 80, 60));
        rig.Frame();
        var mask = Assert.Single(rig.Masks);
        Assert.Equal([240.0, 130.0], mask["centroid"]!.AsArray().Select(c => Math.Round(c!.GetValue<double>())));
        Assert.Equal([PipelineRig.Width, PipelineRig.Height], mask["image"]!.AsArray().Select(s => s!.GetValue<int>()));
    }

    [Fact]
    public void A_run_that_is_cancelled_for_a_command_publishes_nothing_and_the_frame_is_due_again()
    {
        using var rig = new PipelineRig(c => (c.Mode, c.IntervalS) = (CameraMode.Interval, 60));
        rig.Script.OnRun = () => rig.Time.Advance(TimeSpan.FromSeconds(2));
        rig.Frame();
        rig.Time.Advance(TimeSpan.FromSeconds(60));
        rig.Script.OnRun = () =>
        {
            rig.Send("set", """{"min_score":0}""");
            if (rig.Script.IsCancelled)
                throw RuntimeError();
        };
        var failure = Assert.Throws<InferenceCancelledException>(() => rig.Frame());
        Assert.False(failure.TimedOut);
        Assert.Single(rig.Masks);
        Assert.Equal([true, false], rig.First.Cancellations);
        rig.Script.OnRun = () => { };
        rig.Frame();
        Assert.Equal(2, rig.Masks.Count);
    }

    [Fact]
    public void Drops_since_the_last_mask_are_in_the_next_one()
    {
        using var rig = new PipelineRig();
        rig.Frame();
        rig.Camera.Stats.Drops.Count(DropCause.Rate, 3);
        rig.Frame();
        rig.Frame();
        Assert.Equal([0, 3, 0], rig.Masks.Select(m => m["drops"]!.GetValue<long>()));
    }

    [Fact]
    public void An_edge_is_in_the_mask_of_the_frame_that_answers_it()
    {
        using var rig = new PipelineRig();
        rig.Frame(new TriggerStamp(rig.Camera.Runner.NowNs, 2));
        rig.Frame();
        Assert.NotNull(rig.Masks[0]["trigger"]);
        Assert.Null(rig.Masks[1]["trigger"]);
    }

    /// <summary>The runtime's own exception type, which only the runtime can make.</summary>
    private static OnnxRuntimeException RuntimeError() =>
        Assert.IsType<OnnxRuntimeException>(Record.Exception(() => new InferenceSession([1, 2, 3])));
}
