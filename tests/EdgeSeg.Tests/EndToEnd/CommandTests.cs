using System.Diagnostics;
using System.Text;
using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>An operator's commands to the published service, through a real mosquitto.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private const string Root = "edgeseg/v1/robot-7/";
    private const string ReplyTopic = Root + "reply/operator";

    private readonly Scratch scratch = new();
    private Mosquitto broker = null!;
    private Listener listener = null!;
    private Process? process;

    public async ValueTask InitializeAsync()
    {
        broker = await Mosquitto.StartOrSkipAsync();
        listener = await Listener.StartAsync(broker.Port);
        var config = scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "robot-7"
                [mqtt]
                host = "127.0.0.1"
                port = {broker.Port}
                [[camera]]
                id = "front"
                uri = "test:?w=640&h=480&fps=15"
                max_fps = 5
                """
            )
        );
        process = Process.Start(Published.Start(Published.Binary, ["run", "--config", config]));
        await listener.UntilAsync("a mask", h => h.Topic == Root + "cam/front/mask");
    }

    public async ValueTask DisposeAsync()
    {
        process?.Kill();
        process?.Dispose();
        if (listener is not null)
            await listener.DisposeAsync();
        if (broker is not null)
            await broker.DisposeAsync();
        scratch.Dispose();
    }

    [Fact]
    public async Task A_click_on_the_frame_that_was_seen_is_answered_on_that_frame()
    {
        using var seen = JsonDocument.Parse(listener.All.First(h => h.Topic == Root + "cam/front/mask").Text);
        var frame = seen.RootElement.GetProperty("frame").GetString();
        var at = seen.RootElement.GetProperty("centroid");
        var result = await Ask("click", $$"""{"v":1,"id":"r1","frame":"{{frame}}","points":[[{{at[0]}},{{at[1]}}]]}""", "r1");
        Assert.Equal("result", result.GetProperty("reply").GetString());
        var mask = result.GetProperty("result");
        Assert.Equal(frame, mask.GetProperty("frame").GetString());
        Assert.Equal("click", mask.GetProperty("prompt").GetProperty("source").GetString());
        Assert.True(mask.GetProperty("found").GetBoolean());
        // automatic and clicked mask are of the same object on the same picture
        Assert.Equal(at[0].GetDouble(), mask.GetProperty("centroid")[0].GetDouble(), 40.0);
        await listener.UntilAsync(
            "the mask on its topic",
            h => h.Topic == Root + "cam/front/mask" && h.Text.Contains("\"request\":\"r1\"", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task The_same_request_again_gets_the_same_answer_and_is_done_once()
    {
        var body = """{"v":1,"id":"twice","points":[[320,240]]}""";
        await Ask("click", body, "twice");
        await Send("click", body);
        await Wait.UntilAsync(
            () => Replies("twice").Count(r => r.Contains("\"reply\":\"result\"", StringComparison.Ordinal)) == 2,
            "the answer again"
        );
        var answers = Replies("twice").Where(r => r.Contains("\"reply\":\"result\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(answers[0], answers[1]);
        Assert.Single(
            listener.All,
            h => h.Topic == Root + "cam/front/mask" && h.Text.Contains("\"request\":\"twice\"", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("click", """{"v":1,"id":"e1","points":[[5000,1]]}""", "e1", "bad_request")]
    [InlineData("click", """{"v":1,"id":"e2","points":[{"x":1,"y":1,"label":0}]}""", "e2", "unsupported_prompt")]
    [InlineData("click", """{"v":1,"id":"e3","frame":"000000000000-front-1","points":[[1,1]]}""", "e3", "frame_gone")]
    [InlineData("box", """{"v":1,"id":"e4","box":[10,10,10,20]}""", "e4", "bad_request")]
    [InlineData("set", """{"v":1,"id":"e5","uri":"pipe:reboot"}""", "e5", "bad_request")]
    public async Task A_bad_command_is_answered_with_its_code(string word, string body, string id, string code)
    {
        var reply = await Ask(word, body, id);
        Assert.Equal("error", reply.GetProperty("reply").GetString());
        Assert.Equal(code, reply.GetProperty("error").GetProperty("code").GetString());
        Assert.NotEqual("", reply.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Retained_commands_are_refused()
    {
        await Send("auto", """{"v":1,"id":"stale"}""", retain: true);
        await Wait.UntilAsync(() => Replies("stale").Any(), "an answer");
        Assert.Contains("\"code\":\"retained\"", Replies("stale").First());
    }

    [Fact]
    public async Task Preview_and_snapshot_send_pictures_with_their_frame()
    {
        await Ask("preview", """{"v":1,"id":"p","on":true,"max_fps":5,"width":320,"quality":60}""", "p");
        await listener.UntilAsync("a preview", h => h.Topic == Root + "cam/front/preview");
        var snapshot = await Ask("snapshot", """{"v":1,"id":"s"}""", "s");
        Assert.Equal([640, 480], snapshot.GetProperty("result").GetProperty("image").EnumerateArray().Select(v => v.GetInt32()));
        await Ask("preview", """{"v":1,"id":"q","on":false}""", "q");
    }

    [Fact]
    public async Task Live_settings_apply_at_once()
    {
        var reply = await Ask("set", """{"v":1,"id":"m","mode":"on_command"}""", "m");
        Assert.Equal("on_command", reply.GetProperty("result").GetProperty("mode").GetString());
        var before = listener.All.Count(h => h.Topic == Root + "cam/front/mask");
        await Ask("auto", """{"v":1,"id":"one"}""", "one");
        await Ask("auto", """{"v":1,"id":"two"}""", "two");
        // two requested, two received: at most one more was being made when the mode changed
        Assert.InRange(listener.All.Count(h => h.Topic == Root + "cam/front/mask") - before, 2, 3);
    }

    [Fact]
    public async Task Every_object_of_a_frame_is_published_followed_by_a_summary()
    {
        var frame = JsonDocument
            .Parse(listener.All.First(h => h.Topic == Root + "cam/front/mask").Text)
            .RootElement.GetProperty("frame")
            .GetString();
        var result = (await Ask("everything", $$"""{"id":"all","frame":"{{frame}}","grid":8}""", "all")).GetProperty("result");
        Assert.Contains("\"reply\":\"accepted\"", Replies("all").First());
        Assert.True(result.GetProperty("complete").GetBoolean());
        Assert.Equal((frame, 64), (result.GetProperty("frame").GetString(), result.GetProperty("asked").GetInt32()));
        var count = result.GetProperty("count").GetInt32();
        Assert.True(count > 0, "the test scene holds objects");
        Assert.Equal(count, result.GetProperty("published").GetInt32());
        await Wait.UntilAsync(() => MasksOf("all").Count() == count, "a mask each");
        var masks = MasksOf("all").Select(m => JsonDocument.Parse(m).RootElement).ToList();
        Assert.All(MasksOf("all"), m => Assert.Empty(AsyncApi.Load().Errors("Mask", m)));
        Assert.Equal(Enumerable.Range(0, count), masks.Select(m => m.GetProperty("index").GetInt32()));
        Assert.All(
            masks,
            m =>
                Assert.Equal(
                    (count, frame, "everything"),
                    (
                        m.GetProperty("count").GetInt32(),
                        m.GetProperty("frame").GetString(),
                        m.GetProperty("prompt").GetProperty("source").GetString()
                    )
                )
        );
        Assert.Equal(
            result.GetProperty("masks").EnumerateArray().Select(m => m.GetProperty("area").GetInt32()),
            masks.Select(m => m.GetProperty("area").GetInt32())
        );
    }

    [Fact]
    public async Task A_click_does_not_wait_for_everything_and_a_second_everything_is_refused_as_busy()
    {
        await Send("everything", """{"id":"long","grid":48}""");
        await Wait.UntilAsync(() => Replies("long").Any(), "it is accepted");
        await Ask("click", """{"id":"urgent","points":[[320,240]]}""", "urgent");
        var second = await Ask("everything", """{"id":"second"}""", "second");
        Assert.Equal("busy", second.GetProperty("error").GetProperty("code").GetString());
        var automatic = listener.All.Count(h => h.Topic == Root + "cam/front/mask");
        await Wait.UntilAsync(() => listener.All.Count(h => h.Topic == Root + "cam/front/mask") > automatic + 1, "automatic masks go on");
        Assert.Single(Replies("long"));
        // and the end of the service does not wait for it either
        Assert.Equal(0, Signals.Send(process!.Id, Signals.Terminate));
        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
        Assert.Equal(0, process.ExitCode);
        await Wait.UntilAsync(
            () => Replies("long").Any(r => r.Contains("\"code\":\"internal\"", StringComparison.Ordinal)),
            "it is answered at the end"
        );
    }

    private IEnumerable<string> MasksOf(string id) =>
        listener
            .All.Where(h => h.Topic == Root + "cam/front/mask" && h.Text.Contains($"\"request\":\"{id}\"", StringComparison.Ordinal))
            .Select(h => h.Text);

    private IEnumerable<string> Replies(string id) =>
        listener
            .All.Where(h => h.Topic == ReplyTopic && h.Text.Contains($"\"request\":\"{id}\"", StringComparison.Ordinal))
            .Select(h => h.Text);

    private async Task<JsonElement> Ask(string word, string body, string id)
    {
        await Send(word, body);
        await Wait.UntilAsync(
            () => Replies(id).Any(r => !r.Contains("\"reply\":\"accepted\"", StringComparison.Ordinal)),
            $"{id} is answered"
        );
        var text = Replies(id).First(r => !r.Contains("\"reply\":\"accepted\"", StringComparison.Ordinal));
        Assert.Empty(AsyncApi.Load().Errors("Reply", text));
        return JsonDocument.Parse(text).RootElement;
    }

    private Task<MqttClientPublishResult> Send(string word, string body, bool retain = false) =>
        listener.Client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic($"{Root}cam/front/cmd/{word}")
                .WithPayload(body)
                .WithResponseTopic(ReplyTopic)
                .WithRetainFlag(retain)
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .Build()
        );
}
