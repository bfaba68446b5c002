using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Messages;

public class TopicsTests
{
    [Fact]
    public void Topics_are_those_of_the_contract()
    {
        var topics = new Topics("robot-7", ["front"]);
        Assert.Equal("edgeseg/v1/robot-7/status", topics.Status);
        Assert.Equal("edgeseg/v1/robot-7/info", topics.Info);
        Assert.Equal("edgeseg/v1/robot-7/telemetry", topics.Telemetry);
        Assert.Equal("edgeseg/v1/robot-7/cam/front/mask", topics.Camera("front").Mask);
        Assert.Equal("edgeseg/v1/robot-7/cam/front/state", topics.Camera("front").State);
        Assert.Equal("edgeseg/v1/robot-7/cam/front/cmd/+", topics.Camera("front").Commands);
        Assert.Equal("edgeseg/v1/robot-7/reply/desk", topics.Reply("desk"));
        Assert.Equal("edgeseg/v1/robot-7/alert/disk-full", topics.Alert("disk-full"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Robot")]
    [InlineData("a/b")]
    [InlineData("+")]
    [InlineData("#")]
    [InlineData("a b")]
    [InlineData("é")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public void An_invalid_id_is_refused(string id)
    {
        Assert.Equal(2, Assert.Throws<OperatingException>(() => new Topics(id, [])).ExitCode);
        Assert.Equal(2, Assert.Throws<OperatingException>(() => new Topics("ok", [id])).ExitCode);
        Assert.Throws<OperatingException>(() => new Topics("ok", []).Reply(id));
    }

    [Fact]
    public void An_id_of_64_characters_is_taken() => Assert.True(Identifier.IsValid(new string('a', 64)));

    [Fact]
    public void Two_cameras_of_one_name_are_refused() => Assert.Throws<OperatingException>(() => new Topics("ok", ["a", "a"]));

    [Fact]
    public void A_frame_id_comes_apart_as_it_was_put_together()
    {
        Span<char> text = stackalloc char[100];
        var length = FrameId.Write(text, "0a1b2c", "front-left-2", 123);
        Assert.Equal("0a1b2c-front-left-2-123", text[..length].ToString());
        Assert.True(FrameId.TryParse(text[..length], out var session, out var camera, out var sequence));
        Assert.Equal(("0a1b2c", "front-left-2", 123L), (session.ToString(), camera.ToString(), sequence));
        foreach (var bad in new[] { "", "-", "a-b", "a-b-", "a--1", "a-B-1", "a-b-1x", "a-b--1/" })
            Assert.False(FrameId.TryParse(bad, out _, out _, out _), bad);
    }
}
