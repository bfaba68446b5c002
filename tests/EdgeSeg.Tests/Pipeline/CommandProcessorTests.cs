using System.Text.Json.Nodes;
using EdgeSeg.Configuration;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Pipeline;

public class CommandProcessorTests
{
    [Fact]
    public void Set_replaces_the_live_settings_and_leaves_the_configured_ones_alone()
    {
        using var rig = new PipelineRig();
        var before = rig.Camera.Live;
        var id = rig.Send("set", """{"mode":"interval","interval_s":2,"min_score":0.25}""");
        Assert.True(rig.Commands());
        var result = rig.Replies(id)[^1]["result"]!;
        Assert.Equal("interval", result["mode"]!.GetValue<string>());
        Assert.Equal(0.25, result["min_score"]!.GetValue<double>());
        Assert.Equal(before with { Mode = CameraMode.Interval, IntervalS = 2, MinScore = 0.25 }, rig.Camera.Live);
        Assert.Equal(CameraMode.Continuous, rig.Camera.Settings.Mode);
        Assert.Equal(0, rig.Camera.Settings.MinScore);
    }

    [Fact]
    public void Set_refuses_what_the_settings_file_refuses()
    {
        using var rig = new PipelineRig(hasTrigger: false);
        var before = rig.Camera.Live;
        foreach (var body in (string[])["""{"mode":"on_trigger"}""", """{"max_fps":1e-300}""", """{"max_fps":0.0004}"""])
        {
            var id = rig.Send("set", body);
            rig.Commands();
            Assert.True(rig.Answer(id) == "bad_request", $"{body}: {rig.Answer(id)}");
        }

        Assert.Equal(before, rig.Camera.Live);
        using var with = new PipelineRig(hasTrigger: true);
        var set = with.Send("set", """{"mode":"on_trigger","max_fps":0}""");
        with.Commands();
        Assert.Equal("on_trigger", with.Replies(set)[^1]["result"]!["mode"]!.GetValue<string>());
    }

    [Fact]
    public void A_click_on_a_kept_frame_is_answered_on_that_frame()
    {
        using var rig = new PipelineRig();
        var first = rig.Frame();
        rig.Frame();
        var id = rig.Send("click", $$"""{"frame":"{{first}}","points":[[50,60]]}""");
        rig.Commands();
        Assert.Equal(["accepted", "result"], rig.Replies(id).Select(r => r["reply"]!.GetValue<string>()));
        var mask = rig.Replies(id)[1]["result"]!;
        Assert.Equal(first, mask["frame"]!.GetValue<string>());
        Assert.Equal([50.0, 60.0], mask["centroid"]!.AsArray().Select(c => Math.Round(c!.GetValue<double>())));
        Assert.Equal(id, rig.Masks[^1]["request"]!.GetValue<string>());
    }

    [Fact]
    public void A_correction_adds_its_clicks_to_those_of_the_mask_and_names_the_mask_that_it_replaces()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        var first = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60]]}""");
        rig.Commands();
        var mask = rig.Replies(first)[1]["result"]!["id"]!.GetValue<string>();
        Assert.StartsWith(frame + ".", mask, StringComparison.Ordinal);
        rig.Frame();
        var second = rig.Send("click", $$"""{"refines":"{{mask}}","points":[[70,80]]}""");
        rig.Commands();
        var corrected = rig.Replies(second)[1]["result"]!;
        Assert.Equal((mask, frame), (corrected["refines"]!.GetValue<string>(), corrected["frame"]!.GetValue<string>()));
        Assert.Equal("[[50,60],[70,80]]", corrected["prompt"]!["clicks"]!.ToJsonString());
        // the scripted model takes five points
        var third = rig.Send("click", $$"""{"refines":"{{corrected["id"]}}","points":[[1,1],[2,2],[3,3],[4,4]]}""");
        rig.Commands();
        Assert.Equal("unsupported_prompt", rig.Answer(third));
        var unknown = rig.Send("click", $$"""{"refines":"{{frame}}.999","points":[[1,1]]}""");
        rig.Commands();
        Assert.Equal("frame_gone", rig.Answer(unknown));
        var other = rig.Send("click", $$"""{"refines":"{{mask}}","frame":"{{frame}}9","points":[[1,1]]}""");
        rig.Commands();
        Assert.Equal("bad_request", rig.Answer(other));
    }

    [Fact]
    public void A_point_off_the_object_is_refused_by_a_model_that_does_not_know_it()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        var id = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60],{"x":5,"y":5,"label":0}]}""");
        rig.Commands();
        Assert.Equal("unsupported_prompt", rig.Answer(id));
    }

    [Fact]
    public void An_automatic_mask_that_was_asked_for_keeps_to_the_region_and_the_minimums_of_its_camera()
    {
        using var rig = new PipelineRig(c => (c.Roi, c.Mode) = (new Area(200, 100, 80, 60), CameraMode.OnCommand));
        var first = rig.Send("auto");
        rig.Commands();
        rig.Frame();
        var mask = rig.Replies(first)[^1]["result"]!;
        Assert.Equal([240.0, 130.0], mask["centroid"]!.AsArray().Select(c => Math.Round(c!.GetValue<double>())));
        rig.Camera.Change(rig.Camera.Live with { MinScore = 0.99 });
        var second = rig.Send("auto");
        rig.Commands();
        rig.Frame();
        Assert.Equal("below_min_score", rig.Replies(second)[^1]["result"]!["reason"]!.GetValue<string>());
    }

    [Fact]
    public void Commands_behind_an_automatic_one_see_the_whole_frame_again()
    {
        using var rig = new PipelineRig(c => c.Roi = new Area(200, 100, 80, 60));
        string[] automatic = [rig.Send("auto"), rig.Send("auto")];
        var click = rig.Send("click", """{"points":[[160,120]]}""");
        rig.Commands();
        rig.Frame();
        foreach (var id in automatic)
            Assert.Equal([240.0, 130.0], Centre(rig.Replies(id)[^1]["result"]!));
        Assert.Equal([160.0, 120.0], Centre(rig.Replies(click)[^1]["result"]!));
        // the frame's own mask is that of the region once more
        Assert.Equal(4, rig.Masks.Count);
        Assert.Equal([240.0, 130.0], Centre(rig.Masks[^1]));
        Assert.Empty(rig.Errors);

        static IEnumerable<double> Centre(JsonNode mask) => mask["centroid"]!.AsArray().Select(c => Math.Round(c!.GetValue<double>()));
    }

    [Fact]
    public void A_region_outside_of_the_picture_is_an_error_and_not_the_whole_picture()
    {
        using var rig = new PipelineRig(c => c.Roi = new Area(5000, 5000, 80, 60));
        rig.Frame();
        Assert.Equal("roi_outside_picture", rig.Masks[0]["reason"]!.GetValue<string>());
        var id = rig.Send("auto");
        rig.Commands();
        rig.Frame();
        Assert.Equal("bad_request", rig.Answer(id));
        Assert.Contains("roi 5000,5000 80x60", rig.Replies(id)[^1]["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_without_a_frame_waits_for_the_next_one()
    {
        using var rig = new PipelineRig(c => c.Mode = CameraMode.OnCommand);
        var id = rig.Send("box", """{"box":[10,20,110,100]}""");
        rig.Commands();
        Assert.Equal("accepted", rig.Answer(id));
        var frame = rig.Frame();
        var mask = Assert.Single(rig.Masks);
        Assert.Equal(frame, mask["frame"]!.GetValue<string>());
        Assert.Equal("result", rig.Answer(id));
        rig.Frame();
        Assert.Single(rig.Masks);
    }

    [Fact]
    public void A_frame_that_is_not_kept_is_refused_by_name()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        var id = rig.Send("click", $$"""{"frame":"{{frame[..^1]}}99","points":[[50,60]]}""");
        rig.Commands();
        Assert.Equal("frame_gone", rig.Answer(id));
    }

    [Fact]
    public void A_command_whose_camera_gives_no_frame_is_answered_with_the_cameras_state()
    {
        using var rig = new PipelineRig();
        var id = rig.Send("auto");
        rig.Commands();
        rig.Time.Advance(TimeSpan.FromMilliseconds(PipelineLimits.CommandFrameWaitMs - 1));
        rig.Commands();
        Assert.Equal("accepted", rig.Answer(id));
        rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        rig.Commands();
        Assert.Equal("internal", rig.Answer(id));
        Assert.Contains("its state is starting", rig.Replies(id)[^1]["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Snapshot_and_preview_send_pictures()
    {
        using var rig = new PipelineRig(c => c.Mode = CameraMode.OnCommand);
        var snapshot = rig.Send("snapshot");
        var preview = rig.Send("preview", """{"on":true,"max_fps":2,"width":160,"quality":60,"for_s":10}""");
        rig.Commands();
        Assert.Equal("result", rig.Answer(preview));
        var frame = rig.Frame();
        var lengths = rig.Link.LengthsOf("cam/front/preview");
        Assert.Equal(2, lengths.Count);
        var result = rig.Replies(snapshot)[^1]["result"]!;
        Assert.Equal(frame, result["frame"]!.GetValue<string>());
        Assert.Equal(lengths[0], result["bytes"]!.GetValue<int>());
    }

    [Fact]
    public void A_model_that_fails_is_answered_as_internal_and_the_next_command_is_served()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        rig.Script.OnRun = () => throw new InvalidOperationException("broken");
        var id = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60]]}""");
        rig.Commands();
        Assert.Equal("internal", rig.Answer(id));
        Assert.Contains("inference failed (", Assert.Single(rig.Errors), StringComparison.Ordinal);
        rig.Script.OnRun = () => { };
        var next = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60]]}""");
        rig.Commands();
        Assert.Equal("result", rig.Answer(next));
    }

    [Fact]
    public void A_model_of_another_input_size_drops_the_kept_frames_and_one_of_the_same_size_keeps_them()
    {
        using var rig = new PipelineRig();
        var frame = rig.Frame();
        rig.Model.Offer(new ScriptedModel("2"));
        var kept = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60]]}""");
        rig.Commands();
        Assert.Equal("result", rig.Answer(kept));
        rig.Model.Offer(new ScriptedModel("3", inputSide: 96));
        var gone = rig.Send("click", $$"""{"frame":"{{frame}}","points":[[50,60]]}""");
        rig.Commands();
        Assert.Equal("frame_gone", rig.Answer(gone));
    }

    [Fact]
    public void The_times_of_an_answer_are_not_in_the_automatic_mask_of_the_same_frame()
    {
        using var rig = new PipelineRig();
        rig.Frame();
        rig.Script.MeanSaliency = 0;
        var id = rig.Send("click", """{"points":[[50,60]]}""");
        rig.Commands();
        rig.Frame();
        Assert.Equal("result", rig.Answer(id));
        var (answer, automatic) = (rig.Masks[1], rig.Masks[2]);
        Assert.Equal(id, answer["request"]!.GetValue<string>());
        Assert.NotNull(answer["ms"]!["decode"]);
        Assert.Null(automatic["ms"]!["decode"]);
    }
}
