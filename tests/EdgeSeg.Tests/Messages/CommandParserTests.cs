using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Prompts;
using Xunit;

namespace EdgeSeg.Messages;

public sealed class CommandParserTests
{
    internal static readonly Topics Topics = new("robot-7", ["front", "rear-2"]);

    internal static ParsedCommand Parse(string word, string json, string camera = "front") =>
        CommandParser.Parse(Topics, $"edgeseg/v1/robot-7/cam/{camera}/cmd/{word}", Encoding.UTF8.GetBytes(json));

    private static CameraCommand Good(string word, string json)
    {
        var parsed = Parse(word, json);
        Assert.Null(parsed.Error);
        return parsed.Command!;
    }

    private static CommandError Refused(string word, string json)
    {
        var parsed = Parse(word, json);
        Assert.Null(parsed.Command);
        return parsed.Error!;
    }

    [Fact]
    public void A_click_is_read_in_both_forms_with_everything_it_may_carry()
    {
        var c = Good(
            "click",
            """{"v":1,"id":"a.1","reply_to":"panel","frame":"0a1b-front-12","expires_at":"2026-11-23T10:20:30Z", """
                + """ "points":[[1.5,2],{"x":3,"y":4.25,"label":1},{"y":6,"x":5}]}"""
        );
        Assert.Equal((CommandKind.Click, "front", "a.1", "0a1b-front-12"), (c.Kind, c.Camera, c.Id, c.Frame));
        Assert.Equal(new DateTimeOffset(2026, 11, 23, 10, 20, 30, TimeSpan.Zero), c.ExpiresUtc);
        Assert.Equal([new Click(1.5f, 2), new Click(3, 4.25f), new Click(5, 6)], c.Prompt!.Clicks);
        Assert.Equal(PromptSource.Click, c.Prompt.Source);
        Assert.Equal("edgeseg/v1/robot-7/reply/panel", Parse("click", """{"reply_to":"panel","points":[[1,2]]}""").ReplyTo);
    }

    [Fact]
    public void A_box_is_read_with_and_without_clicks()
    {
        Assert.Equal(new Box(1, 2, 30, 40.5f), Good("box", """{"box":[1,2,30,40.5]}""").Prompt!.Box);
        var both = Good("box", """{"box":[0,0,1,1],"clicks":[[0.5,0.5]],"normalized":true}""").Prompt!;
        Assert.True(both.Normalized);
        Assert.Equal([new Click(0.5f, 0.5f)], both.Clicks);
    }

    [Fact]
    public void Snapshot_preview_and_set_are_read_with_their_defaults()
    {
        Assert.Equal(CommandKind.Auto, Good("auto", "{}").Kind);
        Assert.Equal(85, Good("snapshot", "{}").Snapshot!.Quality);
        Assert.Equal(40, Good("snapshot", """{"format":"jpeg","quality":40}""").Snapshot!.Quality);
        Assert.Equal(new PreviewRequest(true, 2, 640, 70, MessageLimits.PreviewS), Good("preview", """{"on":true}""").Preview);
        Assert.Equal(
            new PreviewRequest(false, 5, 320, 50, 9),
            Good("preview", """{"on":false,"max_fps":5,"width":320,"quality":50,"for_s":9}""").Preview
        );
        Assert.Equal(
            new LiveChange(CameraMode.OnTrigger, 3, 0.5, 0.25, 0.01),
            Good("set", """{"mode":"on_trigger","max_fps":3,"interval_s":0.5,"min_score":0.25,"min_area":0.01}""").Change
        );
        Assert.Equal(new LiveChange(null, 0, null, null, null), Good("set", """{"max_fps":0}""").Change);
    }

    [Theory]
    [InlineData("click", "{}", "points")]
    [InlineData("click", "", "empty")]
    [InlineData("click", "[]", "object")]
    [InlineData("click", "null", "object")]
    [InlineData("click", "{\"points\":[[1,2]]", "not JSON")]
    [InlineData("click", "{\"points\":[[1,2]]}{}", "not JSON")]
    [InlineData("click", "{\"points\":[[1,2]],}", "not JSON")]
    [InlineData("click", "{\"points\":[[1,2]]/**/}", "not JSON")]
    [InlineData("click", "{\"points\":[]}", "points")]
    [InlineData("click", "{\"points\":[[1]]}", "point")]
    [InlineData("click", "{\"points\":[[1,2,3]]}", "point")]
    [InlineData("click", "{\"points\":[1,2]}", "point")]
    [InlineData("click", "{\"points\":[[\"1\",2]]}", "point")]
    [InlineData("click", "{\"points\":[{\"x\":1}]}", "point")]
    [InlineData("click", "{\"points\":[{\"x\":1,\"y\":1,\"z\":1}]}", "'z'")]
    [InlineData("click", "{\"points\":[{\"x\":1,\"x\":2,\"y\":1}]}", "each once")]
    [InlineData("click", "{\"points\":[{\"x\":1,\"y\":1,\"label\":2}]}", "label")]
    [InlineData("click", "{\"points\":[[NaN,1]]}", "not JSON")]
    [InlineData("click", "{\"points\":[[Infinity,1]]}", "not JSON")]
    [InlineData("click", "{\"points\":[[1e999,1]]}", "point")]
    [InlineData("click", "{\"points\":[[1e308,1]]}", "pixels")]
    [InlineData("click", "{\"points\":[[1,-0.01]]}", "pixels")]
    [InlineData("click", "{\"points\":[[1,32768]]}", "pixels")]
    [InlineData("click", "{\"points\":[[1.01,0]],\"normalized\":true}", "0 to 1")]
    [InlineData("click", "{\"points\":[[1,2]],\"normalized\":1}", "normalized")]
    [InlineData("click", "{\"points\":[[1,2]],\"points\":[[3,4]]}", "duplicate")]
    [InlineData("click", "{\"points\":[[1,2]],\"uri\":\"file:/etc/passwd\"}", "'uri'")]
    [InlineData("click", "{\"points\":[[1,2]],\"box\":[1,2,3,4]}", "'box'")]
    [InlineData("click", "{\"points\":[[1,2]],\"v\":2}", "'v'")]
    [InlineData("click", "{\"points\":[[1,2]],\"id\":\"\"}", "'id'")]
    [InlineData("click", "{\"points\":[[1,2]],\"id\":7}", "'id'")]
    [InlineData("click", "{\"points\":[[1,2]],\"id\":\"a b\"}", "'id'")]
    [InlineData("click", "{\"points\":[[1,2]],\"id\":\"\\ud800\"}", "surrogate")]
    [InlineData("click", "{\"points\":[[1,2]],\"frame\":\"12\"}", "'frame'")]
    [InlineData("click", "{\"points\":[[1,2]],\"frame\":\"0a-rear-2-12\"}", "another camera")]
    [InlineData("click", "{\"points\":[[1,2]],\"expires_at\":\"2026-11-23T10:20:30\"}", "expires_at")]
    [InlineData("click", "{\"points\":[[[[1,2]]]]}", "deep")]
    [InlineData("box", "{}", "box")]
    [InlineData("box", "{\"box\":[1,2,3]}", "box")]
    [InlineData("box", "{\"box\":[1,2,3,4,5]}", "box")]
    [InlineData("box", "{\"box\":[3,2,1,4]}", "area")]
    [InlineData("box", "{\"box\":[1,2,1,4]}", "area")]
    [InlineData("box", "{\"box\":[0,0,1e-60,1]}", "area")]
    [InlineData("box", "{\"box\":[0,0,1e39,1]}", "pixels")]
    [InlineData("box", "{\"box\":[0,0,2,1],\"normalized\":true}", "0 to 1")]
    [InlineData("snapshot", "{\"format\":\"png\"}", "jpeg")]
    [InlineData("snapshot", "{\"quality\":101}", "quality")]
    [InlineData("snapshot", "{\"quality\":50.5}", "quality")]
    [InlineData("snapshot", "{\"path\":\"/tmp/x\"}", "'path'")]
    [InlineData("preview", "{}", "'on'")]
    [InlineData("preview", "{\"on\":\"yes\"}", "'on'")]
    [InlineData("preview", "{\"on\":true,\"max_fps\":0}", "max_fps")]
    [InlineData("preview", "{\"on\":true,\"max_fps\":1e9}", "max_fps")]
    [InlineData("preview", "{\"on\":true,\"width\":100000}", "width")]
    [InlineData("everything", "{\"grid\":0}", "grid")]
    [InlineData("everything", "{\"grid\":65}", "grid")]
    [InlineData("everything", "{\"grid\":8.5}", "grid")]
    [InlineData("everything", "{\"points\":[[1,1]]}", "'points'")]
    [InlineData("set", "{}", "nothing to set")]
    [InlineData("set", "{\"mode\":\"turbo\"}", "mode")]
    [InlineData("set", "{\"mode\":\"0\"}", "mode")]
    [InlineData("set", "{\"min_score\":1.5}", "min_score")]
    [InlineData("set", "{\"interval_s\":0}", "interval_s")]
    [InlineData("set", "{\"mode\":\"continuous\",\"pipe\":\"rm -rf /\"}", "'pipe'")]
    [InlineData("explode", "{}", "'explode'")]
    [InlineData("", "{}", "command")]
    public void What_is_wrong_is_refused_as_bad_request_and_named(string word, string json, string named)
    {
        var refusal = Refused(word, json);
        Assert.Equal("bad_request", refusal.Word);
        Assert.Contains(named, refusal.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("click", "{\"points\":[[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1]]}", "6 points")]
    [InlineData("box", "{\"box\":[0,0,9,9],\"clicks\":[[1,1],[1,1],[1,1],[1,1],[1,1]]}", "counts as two")]
    public void What_the_model_was_not_trained_for_is_refused_by_name(string word, string json, string named)
    {
        var refusal = Refused(word, json);
        Assert.Equal("unsupported_prompt", refusal.Word);
        Assert.Contains(named, refusal.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_beyond_the_limit_is_too_large() =>
        Assert.Equal("too_large", Refused("auto", "{" + new string(' ', MessageLimits.MaxCommandBytes) + "}").Word);

    [Fact]
    public void Bytes_that_are_not_text_are_refused() =>
        Assert.Contains(
            "UTF-8",
            CommandParser.Parse(Topics, Topics.Root + "cam/front/cmd/auto", [0x7b, 0xff, 0x7d]).Error!.Sentence,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_refusal_still_knows_where_to_go_when_the_address_follows_the_fault()
    {
        var parsed = Parse("click", """{"nonsense":[1,{"a":2}],"points":"x","id":"r1","reply_to":"my/topic"}""");
        Assert.Equal(("r1", "my/topic"), (parsed.Id, parsed.ReplyTo));
        Assert.Contains("'nonsense'", parsed.Error!.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("edgeseg/v1/robot-8/cam/front/cmd/auto")]
    [InlineData("edgeseg/v1/robot-7/cam/side/cmd/auto")]
    [InlineData("edgeseg/v1/robot-7/cam/front/cmd/auto/more")]
    [InlineData("edgeseg/v1/robot-7/cam/front/mask")]
    [InlineData("edgeseg/v1/robot-7/")]
    [InlineData("")]
    public void Only_topics_of_our_cameras_are_commands(string topic) =>
        Assert.Equal(CommandErrorCode.BadRequest, CommandParser.Parse(Topics, topic, "{}"u8).Error!.Code);

    [Theory]
    [InlineData("{\"points\":[[0,0],[1,1],[0.5,0.25]],\"normalized\":true}", "0,0 640,480 320,120")]
    [InlineData("{\"points\":[[0,0],[640,480],[12.5,7]]}", "0,0 640,480 12.5,7")]
    public void Coordinates_become_pixels_of_the_picture(string json, string pixels)
    {
        var prompt = new PromptBuffer();
        Assert.Null(Good("click", json).Prompt!.Resolve(prompt, 640, 480, 6, false));
        Assert.Equal(pixels, string.Join(' ', prompt.Clicks.ToArray().Select(c => $"{c.X},{c.Y}")));
        Assert.Equal(PromptSource.Click, prompt.Source);
    }

    [Fact]
    public void A_point_off_the_object_is_refused_where_the_model_does_not_know_it()
    {
        var prompt = new PromptBuffer();
        var request = Good("click", """{"points":[[1,1],{"x":5,"y":6,"label":0}]}""").Prompt!;
        var refusal = request.Resolve(prompt, 640, 480, 6, acceptsNegative: false)!;
        Assert.Equal(
            (CommandErrorCode.UnsupportedPrompt, true),
            (refusal.Code, refusal.Sentence.Contains("label 0", StringComparison.Ordinal))
        );
        Assert.Null(request.Resolve(prompt, 640, 480, 6, acceptsNegative: true));
        Assert.Equal([new Click(1, 1), new Click(5, 6, IsNegative: true)], prompt.Clicks.ToArray());
        var alone = Good("click", """{"points":[{"x":5,"y":6,"label":0}]}""").Prompt!;
        Assert.Equal(CommandErrorCode.UnsupportedPrompt, alone.Resolve(prompt, 640, 480, 6, acceptsNegative: true)!.Code);
    }

    [Fact]
    public void A_prompt_beyond_its_picture_or_its_model_is_refused()
    {
        var prompt = new PromptBuffer();
        Assert.Equal(
            CommandErrorCode.BadRequest,
            Good("click", """{"points":[[641,1]]}""").Prompt!.Resolve(prompt, 640, 480, 6, false)!.Code
        );
        Assert.Equal(
            CommandErrorCode.UnsupportedPrompt,
            Good("box", """{"box":[0,0,1,1],"clicks":[[1,1]]}""").Prompt!.Resolve(prompt, 640, 480, 2, false)!.Code
        );
        Assert.Null(Good("box", """{"box":[0.25,0,1,0.5],"normalized":true}""").Prompt!.Resolve(prompt, 640, 480, 6, false));
        Assert.Equal(new Box(160, 0, 640, 240), prompt.Box);
        Assert.Equal(0, prompt.ClickCount);
    }
}
