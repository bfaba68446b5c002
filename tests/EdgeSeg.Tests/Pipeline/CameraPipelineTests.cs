using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using Xunit;

namespace EdgeSeg.Pipeline;

public class CameraPipelineTests
{
    private const long Period = 33_000_000;

    [Fact]
    public void In_interval_mode_frames_between_two_masks_are_not_wanted()
    {
        using var rig = new PipelineRig(c => (c.Mode, c.IntervalS) = (CameraMode.Interval, 10));
        rig.Frame();
        Assert.Equal(DropCause.Rate, rig.Camera.Queue.DropCauseAt(rig.Camera.Runner.NowNs, Period));
        rig.Frame();
        Assert.Single(rig.Masks);
        rig.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(rig.Camera.Queue.DropCauseAt(rig.Camera.Runner.NowNs, Period));
        rig.Frame();
        Assert.Equal(2, rig.Masks.Count);
    }

    [Fact]
    public void A_change_makes_the_next_mask_due_at_once()
    {
        using var rig = new PipelineRig(c => (c.Mode, c.IntervalS) = (CameraMode.Interval, 1000));
        rig.Frame();
        rig.Camera.Change(rig.Camera.Live with { Mode = CameraMode.Continuous, MaxFps = 0 });
        rig.Frame();
        rig.Frame();
        Assert.Equal(3, rig.Masks.Count);
    }

    [Fact]
    public void On_command_no_frame_is_wanted_until_a_command_waits()
    {
        using var rig = new PipelineRig(c => c.Mode = CameraMode.OnCommand);
        rig.Camera.RequestNext();
        Assert.Equal(DropCause.NotAsked, rig.Camera.Queue.DropCauseAt(rig.Camera.Runner.NowNs, Period));
        Assert.False(rig.Camera.IsAwaited);
        rig.Send("auto");
        rig.Commands();
        Assert.Null(rig.Camera.Queue.DropCauseAt(rig.Camera.Runner.NowNs, Period));
        Assert.True(rig.Camera.IsAwaited);
    }

    [Fact]
    public void A_preview_wants_frames_at_its_rate_until_it_lapses()
    {
        using var rig = new PipelineRig(c => c.Mode = CameraMode.OnCommand);
        rig.Send("preview", """{"on":true,"max_fps":2,"width":160,"quality":60,"for_s":10}""");
        rig.Commands();
        for (var i = 0; i < 12; i++)
        {
            rig.Frame();
            rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(10, rig.Link.LengthsOf("cam/front/preview").Count);
        Assert.Equal(DropCause.NotAsked, rig.Camera.Queue.DropCauseAt(rig.Camera.Runner.NowNs, Period));
    }

    [Fact]
    public void With_a_trigger_only_frames_that_answer_an_edge_get_a_mask()
    {
        using var rig = new PipelineRig(c => c.Mode = CameraMode.OnTrigger);
        var gate = rig.Camera.UseTrigger(new GpioTriggerSettings());
        rig.Frame();
        Assert.Empty(rig.Masks);
        Assert.True(gate.Accept(rig.Camera.Runner.NowNs));
        Assert.True(rig.Camera.IsAwaited);
        rig.Frame(new TriggerStamp(rig.Camera.Runner.NowNs, 1));
        Assert.Single(rig.Masks);
    }
}
