using System.Text.Json.Nodes;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Tracking;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Pipeline;

/// <summary>Commands to follow, on made frames and with a made model that segments what is red.</summary>
public sealed class ObjectFollowerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-test-").FullName;
    private readonly PipelineRig rig;

    public ObjectFollowerTests()
    {
        OnnxGraph.Bundle(OnnxGraph.RedSqueezeSam(64).ToBytes(), folder);
        rig = new PipelineRig(c => c.Mode = Configuration.CameraMode.OnCommand, model: LoadedModel.Load(folder));
    }

    public void Dispose()
    {
        rig.Dispose();
        Directory.Delete(folder, true);
    }

    [Fact]
    public void An_object_is_followed_on_its_own_topic_until_it_is_unfollowed()
    {
        Follow(100);
        var answer = rig.Link.Of("cam/front/track/t1").Single();
        Assert.Equal(("tracking", 0), State(answer));
        for (var i = 1; i <= 5; i++)
            Show(100 + 4 * i);
        var masks = rig.Link.Of("cam/front/track/t1");
        Assert.Equal([0, 1, 2, 3, 4, 5], masks.Select(m => State(m).Age));
        Assert.All(masks, m => Assert.Equal("tracking", State(m).State));
        Assert.All(masks, m => Assert.Empty(AsyncApi.Load().Errors("Mask", m.ToJsonString())));
        Assert.InRange(masks[^1]["centroid"]![0]!.GetValue<double>(), 115, 125);
        Assert.Empty(rig.Masks);

        Assert.Equal("result", Command("unfollow", """{"track":"t1"}"""));
        Show(124);
        Assert.Equal(6, rig.Link.Of("cam/front/track/t1").Count);
        Assert.Equal("bad_request", Command("unfollow", """{"track":"t1"}"""));
        Assert.Equal("result", Command("unfollow", "{}"));
    }

    [Fact]
    public void A_loss_is_reported_and_the_object_found_again()
    {
        Follow(100);
        for (var i = 0; i <= ObjectTracker.UncertainFrames; i++)
            rig.Frame();
        var last = rig.Link.Of("cam/front/track/t1")[^1];
        Assert.Equal("lost", State(last).State);
        Assert.False(last["found"]!.GetValue<bool>());
        Assert.Equal("lost", last["reason"]!.GetValue<string>());
        Assert.Empty(AsyncApi.Load().Errors("Mask", last.ToJsonString()));
        Show(110);
        Assert.Equal("tracking", State(rig.Link.Of("cam/front/track/t1")[^1]).State);
    }

    [Fact]
    public void The_frame_that_is_named_is_the_one_that_counts()
    {
        rig.Send("click", """{"points":[[100,120]]}""");
        rig.Commands();
        var frame = Show(100);
        Show(106);
        Assert.Equal("result", Command("follow", $$"""{"points":[[100,120]],"frame":"{{frame}}"}"""));
        Assert.InRange(rig.Link.Of("cam/front/track/t1")[0]["centroid"]![0]!.GetValue<double>(), 97, 103);
        Show(110);
        Assert.InRange(rig.Link.Of("cam/front/track/t1")[1]["centroid"]![0]!.GetValue<double>(), 105, 115);
    }

    [Fact]
    public void The_object_of_a_published_mask_is_followed_from_its_frame_on()
    {
        rig.Send("click", """{"points":[[100,120]]}""");
        rig.Commands();
        Show(100);
        var mask = rig.Masks[^1]["id"]!.GetValue<string>();
        Show(108);
        Assert.Equal("bad_request", Command("follow", $$"""{"mask":"{{mask}}","points":[[100,120]]}"""));
        Assert.Equal("bad_request", Command("follow", """{"mask":"17"}"""));
        Assert.Equal("frame_gone", Command("follow", $$"""{"mask":"{{mask}}9"}"""));
        Assert.Equal("result", Command("follow", $$"""{"mask":"{{mask}}"}"""));
        var first = rig.Link.Of("cam/front/track/t1").Single();
        Assert.InRange(first["centroid"]![0]!.GetValue<double>(), 97, 103);
        Show(112);
        var followed = rig.Link.Of("cam/front/track/t1")[^1];
        Assert.InRange(followed["centroid"]![0]!.GetValue<double>(), 109, 115);

        // a mask without a prompt of its own: its box is the prompt
        Assert.Equal("result", Command("follow", $$"""{"mask":"{{followed["id"]}}"}"""));
        Assert.InRange(rig.Link.Of("cam/front/track/t2").Single()["centroid"]![0]!.GetValue<double>(), 109, 115);
    }

    [Fact]
    public void A_mask_that_shows_nothing_cannot_be_followed()
    {
        rig.Send("click", """{"points":[[10,10]]}""");
        rig.Commands();
        rig.Frame();
        Assert.False(rig.Masks[^1]["found"]!.GetValue<bool>());
        Assert.Equal("bad_request", Command("follow", $$"""{"mask":"{{rig.Masks[^1]["id"]}}"}"""));
    }

    [Fact]
    public void No_more_than_four_objects_are_followed()
    {
        for (var i = 0; i < PipelineLimits.FollowedObjects; i++)
            Follow(100);
        Assert.Equal("busy", Command("follow", """{"points":[[100,120]]}"""));
        Show(104);
        for (var i = 1; i <= PipelineLimits.FollowedObjects; i++)
            Assert.Equal("tracking", State(rig.Link.Of($"cam/front/track/t{i}")[^1]).State);
    }

    [Fact]
    public void Nothing_is_followed_where_nothing_is_found()
    {
        var id = rig.Send("follow", """{"points":[[10,10]]}""");
        rig.Commands();
        rig.Frame();
        var reply = rig.Replies(id)[^1];
        Assert.False(reply["result"]!["found"]!.GetValue<bool>());
        Assert.Null(reply["result"]!["track"]);
        Assert.Equal("result", Command("unfollow", "{}"));
    }

    private void Follow(int x)
    {
        var id = rig.Send("follow", """{"points":[[100,120]]}""");
        rig.Commands();
        Show(x);
        Assert.Equal("result", rig.Answer(id));
    }

    private string Command(string word, string body)
    {
        var id = rig.Send(word, body);
        rig.Commands();
        return rig.Answer(id);
    }

    /// <summary>A frame with a red square of 50 pixels around (x, 120), with some texture.</summary>
    private string Show(int x) =>
        rig.Frame(draw: pixels =>
        {
            Cv2.Rectangle(pixels, new Rect(x - 25, 95, 50, 50), new Scalar(40, 40, 220), -1);
            Cv2.Rectangle(pixels, new Rect(x - 12, 105, 14, 18), new Scalar(60, 60, 180), -1);
        });

    private static (string State, int Age) State(JsonNode mask) =>
        (mask["track"]!["state"]!.GetValue<string>(), mask["track"]!["age"]!.GetValue<int>());
}
