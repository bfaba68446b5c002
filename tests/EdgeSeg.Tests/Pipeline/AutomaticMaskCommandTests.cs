using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Pipeline;

/// <summary>The <c>everything</c> command on the scripted model and a clock of the test.</summary>
public class AutomaticMaskCommandTests
{
    [Fact]
    public void Automatic_masks_are_made_in_slices_and_a_click_is_answered_between_them()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        var (click, during) = ("", 0);
        rig.Script.OnRun = () =>
        {
            // in the third decode of the grid a click arrives
            if (++during == 3)
                click = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60]]}""");
        };
        var everything = rig.Send("everything", $$"""{"frame":"{{frame}}","grid":4}""");
        rig.Commands();
        Assert.Equal(3, during);
        Assert.Equal("accepted", rig.Answer(everything));
        rig.Commands();
        Assert.Equal("result", rig.Answer(click));
        for (var round = 0; round < 100 && rig.Answer(everything) == "accepted"; round++)
            rig.Commands();
        var result = rig.Replies(everything)[^1]["result"]!;
        Assert.Equal(16, result["asked"]!.GetValue<int>());
        Assert.Equal(result["count"]!.GetValue<int>(), result["published"]!.GetValue<int>());
        Assert.Equal(result["count"]!.GetValue<int>(), rig.Masks.Count(m => m["request"]?.GetValue<string>() == everything));
    }

    [Fact]
    public void A_slice_of_automatic_masks_ends_after_its_time()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        var decodes = 0;
        rig.Script.OnRun = () =>
        {
            decodes++;
            rig.Time.Advance(TimeSpan.FromMilliseconds(0.6 * PipelineLimits.AutomaticSliceMs));
        };
        var everything = rig.Send("everything", $$"""{"frame":"{{frame}}","grid":4}""");
        rig.Commands();
        Assert.Equal(2, decodes);
        rig.Commands();
        Assert.Equal(4, decodes);
        Assert.Equal("accepted", rig.Answer(everything));
    }

    [Fact]
    public void Automatic_masks_end_after_their_time_and_say_that_they_are_not_complete()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        rig.Script.OnRun = () => rig.Time.Advance(TimeSpan.FromMilliseconds(0.3 * PipelineLimits.AutomaticMs));
        var everything = rig.Send("everything", $$"""{"frame":"{{frame}}","grid":4}""");
        for (var round = 0; round < 10 && rig.Answer(everything) is null or "accepted"; round++)
            rig.Commands();
        var result = rig.Replies(everything)[^1]["result"]!;
        Assert.Equal(4, result["asked"]!.GetValue<int>());
        Assert.False(result["complete"]!.GetValue<bool>());
    }

    [Fact]
    public void Masks_wait_while_the_outbox_is_half_full()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        rig.Link.HasRoom = false;
        var everything = rig.Send("everything", $$"""{"frame":"{{frame}}","grid":2}""");
        for (var round = 0; round < 5; round++)
            rig.Commands();
        Assert.Equal("accepted", rig.Answer(everything));
        Assert.DoesNotContain(rig.Masks, m => m["request"]?.GetValue<string>() == everything);
        rig.Link.HasRoom = true;
        rig.Commands();
        Assert.Equal("result", rig.Answer(everything));
    }

    [Fact]
    public void A_second_request_for_automatic_masks_is_busy_and_a_new_model_ends_the_first()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        rig.Link.HasRoom = false;
        var first = rig.Send("everything", $$"""{"frame":"{{frame}}","grid":2}""");
        var second = rig.Send("everything", $$"""{"frame":"{{frame}}","grid":2}""");
        rig.Commands();
        Assert.Equal("accepted", rig.Answer(first));
        Assert.Equal("busy", rig.Answer(second));
        var next = new ScriptedModel("2");
        rig.Model.Offer(next);
        rig.Commands();
        Assert.Equal("busy", rig.Answer(first));
        Assert.Same(next, rig.Model.Model);
        Assert.True(rig.First.IsDisposed);
        rig.Link.HasRoom = true;
        rig.Frame();
        Assert.Equal("2", rig.Masks[^1]["model"]!["version"]!.GetValue<string>());
    }
}
