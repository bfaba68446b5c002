using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>An operator's commands to the published service, through a real mosquitto.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private const string Root = ServiceOnBroker.Root;

    private ServiceOnBroker service = null!;

    public async ValueTask InitializeAsync()
    {
        service = await ServiceOnBroker.CreateAsync();
        service.Start(
            """
            [[camera]]
            id = "front"
            uri = "test:?w=640&h=480&fps=15"
            max_fps = 5
            """
        );
        await Listener.UntilAsync("a mask", h => h.Topic == Root + "cam/front/mask");
    }

    public ValueTask DisposeAsync() => service?.DisposeAsync() ?? ValueTask.CompletedTask;

    private Listener Listener => service.Listener;

    [Fact]
    public async Task A_click_on_the_frame_that_was_seen_is_answered_on_that_frame()
    {
        using var seen = JsonDocument.Parse(Listener.All.First(h => h.Topic == Root + "cam/front/mask").Text);
        var frame = seen.RootElement.GetProperty("frame").GetString();
        var at = seen.RootElement.GetProperty("centroid");
        var result = await service.AskAsync("click", $$"""{"v":1,"id":"r1","frame":"{{frame}}","points":[[{{at[0]}},{{at[1]}}]]}""", "r1");
        Assert.Equal("result", result.GetProperty("reply").GetString());
        var mask = result.GetProperty("result");
        Assert.Equal(frame, mask.GetProperty("frame").GetString());
        Assert.Equal("click", mask.GetProperty("prompt").GetProperty("source").GetString());
        Assert.True(mask.GetProperty("found").GetBoolean());
        // automatic and clicked mask are of the same object on the same picture
        Assert.Equal(at[0].GetDouble(), mask.GetProperty("centroid")[0].GetDouble(), 40.0);
        await Listener.UntilAsync(
            "the mask on its topic",
            h => h.Topic == Root + "cam/front/mask" && h.Text.Contains("\"request\":\"r1\"", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task The_same_request_again_gets_the_same_answer_and_is_done_once()
    {
        var body = """{"v":1,"id":"twice","points":[[320,240]]}""";
        await service.AskAsync("click", body, "twice");
        await service.SendAsync("click", body);
        await Wait.UntilAsync(
            () => service.Replies("twice").Count(r => r.Contains("\"reply\":\"result\"", StringComparison.Ordinal)) == 2,
            "the answer again"
        );
        var answers = service.Replies("twice").Where(r => r.Contains("\"reply\":\"result\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(answers[0], answers[1]);
        Assert.Single(
            Listener.All,
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
        var reply = await service.AskAsync(word, body, id);
        Assert.Equal("error", reply.GetProperty("reply").GetString());
        Assert.Equal(code, reply.GetProperty("error").GetProperty("code").GetString());
        Assert.NotEqual("", reply.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Retained_commands_are_refused()
    {
        await service.SendAsync("auto", """{"v":1,"id":"stale"}""", retain: true);
        await Wait.UntilAsync(() => service.Replies("stale").Any(), "an answer");
        Assert.Contains("\"code\":\"retained\"", service.Replies("stale").First());
    }

    [Fact]
    public async Task Preview_and_snapshot_send_pictures_with_their_frame()
    {
        await service.AskAsync("preview", """{"v":1,"id":"p","on":true,"max_fps":5,"width":320,"quality":60}""", "p");
        await Listener.UntilAsync("a preview", h => h.Topic == Root + "cam/front/preview");
        var snapshot = await service.AskAsync("snapshot", """{"v":1,"id":"s"}""", "s");
        Assert.Equal([640, 480], snapshot.GetProperty("result").GetProperty("image").EnumerateArray().Select(v => v.GetInt32()));
        await service.AskAsync("preview", """{"v":1,"id":"q","on":false}""", "q");
    }

    [Fact]
    public async Task Live_settings_apply_at_once()
    {
        var reply = await service.AskAsync("set", """{"v":1,"id":"m","mode":"on_command"}""", "m");
        Assert.Equal("on_command", reply.GetProperty("result").GetProperty("mode").GetString());
        var before = Listener.All.Count(h => h.Topic == Root + "cam/front/mask");
        await service.AskAsync("auto", """{"v":1,"id":"one"}""", "one");
        await service.AskAsync("auto", """{"v":1,"id":"two"}""", "two");
        // two requested, two received: at most one more was being made when the mode changed
        Assert.InRange(Listener.All.Count(h => h.Topic == Root + "cam/front/mask") - before, 2, 3);
    }

    [Fact]
    public async Task Every_object_of_a_frame_is_published_followed_by_a_summary()
    {
        var frame = JsonDocument
            .Parse(Listener.All.First(h => h.Topic == Root + "cam/front/mask").Text)
            .RootElement.GetProperty("frame")
            .GetString();
        var result = (await service.AskAsync("everything", $$"""{"id":"all","frame":"{{frame}}","grid":8}""", "all")).GetProperty("result");
        Assert.Contains("\"reply\":\"accepted\"", service.Replies("all").First());
        Assert.True(result.GetProperty("complete").GetBoolean());
        Assert.Equal((frame, 64), (result.GetProperty("frame").GetString(), result.GetProperty("asked").GetInt32()));
        var count = result.GetProperty("count").GetInt32();
        Assert.True(count > 0, "the test scene holds objects");
        Assert.Equal(count, result.GetProperty("published").GetInt32());
        await Wait.UntilAsync(() => service.MasksOf("all").Count() == count, "a mask each");
        var masks = service.MasksOf("all").Select(m => JsonDocument.Parse(m).RootElement).ToList();
        Assert.All(service.MasksOf("all"), m => Assert.Empty(AsyncApi.Load().Errors("Mask", m)));
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
        await service.SendAsync("everything", """{"id":"long","grid":48}""");
        await Wait.UntilAsync(() => service.Replies("long").Any(), "it is accepted");
        await service.AskAsync("click", """{"id":"urgent","points":[[320,240]]}""", "urgent");
        var second = await service.AskAsync("everything", """{"id":"second"}""", "second");
        Assert.Equal("busy", second.GetProperty("error").GetProperty("code").GetString());
        var automatic = Listener.All.Count(h => h.Topic == Root + "cam/front/mask");
        await Wait.UntilAsync(() => Listener.All.Count(h => h.Topic == Root + "cam/front/mask") > automatic + 1, "automatic masks go on");
        Assert.Single(service.Replies("long"));
        // and the end of the service does not wait for it either
        Assert.Equal(0, Signals.Send(service.Process.Id, Signals.Terminate));
        await service.Process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
        Assert.Equal(0, service.Process.ExitCode);
        await Wait.UntilAsync(
            () => service.Replies("long").Any(r => r.Contains("\"code\":\"internal\"", StringComparison.Ordinal)),
            "it is answered at the end"
        );
    }
}
