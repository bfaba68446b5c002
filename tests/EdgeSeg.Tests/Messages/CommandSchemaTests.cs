using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Prompts;
using Xunit;

namespace EdgeSeg.Messages;

/// <summary>The document and the parser say the same.</summary>
public sealed class CommandSchemaTests
{
    private static readonly AsyncApi api = AsyncApi.Load();

    private static string Schema(string word) => char.ToUpperInvariant(word[0]) + word[1..] + "Command";

    [Theory]
    [InlineData(
        "click",
        """{"v":1,"id":"a.1","reply_to":"panel","frame":"0a1b-front-12","expires_at":"2026-11-23T10:20:30Z", """
            + """ "points":[[1.5,2],{"x":3,"y":4.25,"label":1}],"normalized":false}"""
    )]
    [InlineData("box", """{"box":[0.1,0.2,0.9,1],"clicks":[[0.5,0.5]],"normalized":true,"frame":"0a1b-front-12"}""")]
    [InlineData("auto", """{"frame":"0a1b-front-12","id":"z"}""")]
    [InlineData("follow", """{"frame":"0a1b-front-12","points":[[0.5,0.5]],"box":[0.1,0.2,0.9,1],"normalized":true}""")]
    [InlineData("unfollow", """{"id":"z","track":"t1"}""")]
    [InlineData("everything", """{"id":"all","frame":"0a1b-front-12","grid":8}""")]
    [InlineData("snapshot", """{"format":"jpeg","quality":40}""")]
    [InlineData("preview", """{"on":true,"max_fps":5,"width":320,"quality":50,"for_s":60}""")]
    [InlineData("set", """{"mode":"on_trigger","max_fps":3,"interval_s":0.5,"min_score":0.25,"min_area":0.01}""")]
    [InlineData("samples", """{"upload":true,"after":12}""")]
    public void What_the_document_shows_is_understood_and_anything_else_is_neither_described_nor_understood(string word, string json)
    {
        Assert.Empty(api.Errors(Schema(word), json));
        Assert.Null(CommandParserTests.Parse(word, json).Error);
        var whole = JsonNode.Parse(json)!.AsObject();
        foreach (var name in whole.Select(p => p.Key).ToArray())
        {
            var other = whole.DeepClone().AsObject();
            other[name] = new JsonObject { ["unknown"] = 1 };
            Both(word, other.ToJsonString(), refused: true);
            var without = whole.DeepClone().AsObject();
            without.Remove(name);
            var described = api.Errors(Schema(word), without.ToJsonString()).Count == 0;
            // without normalized:true or in whole pixels the example stays a command either way
            Both(word, without.ToJsonString(), refused: !described);
        }

        whole["extra"] = 1;
        Both(word, whole.ToJsonString(), refused: true);
    }

    [Theory]
    [InlineData("click", """{"points":[{"x":1,"y":1,"label":2}]}""")]
    [InlineData("click", """{"points":[]}""")]
    [InlineData("click", """{"points":[[1,1,1]]}""")]
    [InlineData("click", """{"points":[[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1]]}""")]
    [InlineData("click", """{"points":[[1,1]],"id":"a b"}""")]
    [InlineData("box", """{"box":[1,2,3]}""")]
    [InlineData("box", """{"box":[1,2,3,40000]}""")]
    [InlineData("follow", """{"points":[]}""")]
    [InlineData("follow", """{"clicks":[[1,1]]}""")]
    [InlineData("unfollow", """{"track":"a b"}""")]
    [InlineData("everything", """{"grid":65}""")]
    [InlineData("everything", """{"points":[[1,1]]}""")]
    [InlineData("snapshot", """{"quality":10}""")]
    [InlineData("preview", """{}""")]
    [InlineData("preview", """{"on":true,"width":10}""")]
    [InlineData("set", """{}""")]
    [InlineData("set", """{"mode":"turbo"}""")]
    [InlineData("samples", """{"after":-1}""")]
    [InlineData("samples", """{"upload":3}""")]
    public void What_the_parser_refuses_the_document_does_not_allow(string word, string json) => Both(word, json, refused: true);

    [Theory]
    [InlineData("settings", "SetResult")]
    [InlineData("preview", "PreviewResult")]
    [InlineData("everything", "EverythingResult")]
    [InlineData("snapshot", "SnapshotResult")]
    public void Results_keep_to_their_schemas(string what, string schema)
    {
        using var buffer = new JsonBuffer();
        var result = what switch
        {
            "settings" => ReplyMessage.WriteSettings(buffer, LiveSettings.Of(new CameraSettings(0))),
            "preview" => ReplyMessage.WritePreview(buffer, new PreviewRequest(true, 2, 640, 70, 60)),
            "everything" => ReplyMessage.WriteAutomaticMasks(
                buffer,
                Samples.Session + "-front-7",
                16,
                200,
                [new AutomaticMask(new Click(1, 2), 0.9f, 0.95f, new MaskGeometry(4, 1, 2, 2, 2, 2, 3), [])],
                true,
                1,
                3,
                1234.5
            ),
            _ => ReplyMessage.WriteSnapshot(
                buffer,
                "edgeseg/v1/robot-7/cam/front/preview",
                Samples.Session + "-front-7",
                640,
                480,
                12345,
                85
            ),
        };
        var json = Encoding.UTF8.GetString(result);
        Assert.Empty(api.Errors(schema, json));
        var whole = JsonNode.Parse(json)!.AsObject();
        whole["extra"] = 1;
        Assert.NotEmpty(api.Errors(schema, whole.ToJsonString()));
    }

    [Theory]
    [InlineData("""{"reply":"accepted","error":{"code":"busy","message":"x"}}""")]
    [InlineData("""{"reply":"result"}""")]
    [InlineData("""{"reply":"error"}""")]
    [InlineData("""{"reply":"error","error":{"code":"oops","message":"x"}}""")]
    [InlineData("""{"reply":"result","result":{"a":1}}""")]
    [InlineData("""{"reply":"later"}""")]
    public void A_wrong_reply_breaks_the_schema(string part)
    {
        var reply = JsonNode
            .Parse("""{"v":1,"device":"robot-7","session":"0a1b","camera":"front","command":"auto","request":null}""")!
            .AsObject();
        foreach (var (name, value) in JsonNode.Parse(part)!.AsObject())
            reply[name] = value!.DeepClone();
        Assert.NotEmpty(api.Errors("Reply", reply.ToJsonString()));
    }

    [Fact]
    public void The_document_names_every_code_and_command_and_their_topics()
    {
        var channels = api.Document["channels"]!;
        Assert.Equal(
            CameraCommand.Understood,
            channels["command"]!["parameters"]!["command"]!["enum"]!.AsArray().Select(n => n!.GetValue<string>())
        );
        Assert.Equal("{prefix}/v1/{device}/cam/{camera}/preview", channels["preview"]!["address"]!.GetValue<string>());
        Assert.Equal("{prefix}/v1/{device}/reply/{client}", channels["reply"]!["address"]!.GetValue<string>());
        var codes = api.Document["components"]!["schemas"]!["Reply"]!["properties"]!["error"]!["properties"]!["code"]!["enum"]!
            .AsArray()
            .Select(n => n!.GetValue<string>());
        Assert.Equal(Enum.GetValues<CommandErrorCode>().Select(c => new CommandError(c, "").Word), codes);
    }

    private static void Both(string word, string json, bool refused)
    {
        Assert.True(api.Errors(Schema(word), json).Count > 0 == refused, $"document: {json}");
        Assert.True(CommandParserTests.Parse(word, json).Error is not null == refused, $"parser: {json}");
    }
}
