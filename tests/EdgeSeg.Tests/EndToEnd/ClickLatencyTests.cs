using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using EdgeSeg.Publish;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// What a click on a frame that was seen costs an idle service: one run of the model and hardly anything else. Prints the figures; the bound on time is held
/// in <c>./build.sh soak</c> only, which has the machine for itself.
/// </summary>
public sealed class ClickLatencyTests(ITestOutputHelper output)
{
    private const string Root = "edgeseg/v1/robot-7/cam/front/";
    private const int Clicks = 200;
    private const double AllowedRatio = 1.2;

    [Fact]
    public async Task A_click_on_an_idle_service_costs_one_run_of_the_model()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, Root + "state");
        using var scratch = new Scratch();
        using var process = Process.Start(Published.Start(Published.Binary, ["run", "--config", scratch.Write("edgeseg.toml", Encoding.UTF8.GetBytes($"""
            device = "robot-7"
            [mqtt]
            host = "127.0.0.1"
            port = {broker.Port}
            [[camera]]
            id = "front"
            uri = "test:?w=640&h=480&fps=15"
            mode = "on_command"
            """))]))!;
        try
        {
            await listener.UntilAsync("it streams", h => h.State == "streaming");
            var masks = await MasksAsync(listener.Client);
            var ratios = new List<double>();
            string frame = "";
            for (var i = 0; i < Stress.Rounds(Clicks); i++)
            {
                // frames are held for some seconds only
                if (i % 10 == 0) frame = (await AskAsync(listener.Client, masks, "auto", "{}")).GetProperty("frame").GetString()!;
                var since = Stopwatch.GetTimestamp();
                var mask = await AskAsync(listener.Client, masks, "click", $$"""{"v":1,"frame":"{{frame}}","points":[[320,240]]}""");
                var tookMs = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
                Assert.Equal(frame, mask.GetProperty("frame").GetString());
                var ms = mask.GetProperty("ms");
                Assert.False(ms.TryGetProperty("saliency", out _), "the model was run without the click first");
                ratios.Add(tookMs / ms.GetProperty("decode").GetDouble());
            }

            ratios.Sort();
            output.WriteLine(FormattableString.Invariant($"click sent to mask heard, by the model's own time: p50 {ratios[ratios.Count / 2]:0.000}, p99 {ratios[(int)Math.Ceiling(ratios.Count * 0.99) - 1]:0.000} ({ratios.Count} clicks)"));
            if (Stress.IsWhole) Assert.InRange(ratios[(int)Math.Ceiling(ratios.Count * 0.99) - 1], 1, AllowedRatio);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    private static async Task<ChannelReader<JsonElement>> MasksAsync(IMqttClient client)
    {
        var masks = Channel.CreateUnbounded<JsonElement>();
        client.ApplicationMessageReceivedAsync += e =>
        {
            if (e.ApplicationMessage.Topic == Root + "mask") masks.Writer.TryWrite(JsonDocument.Parse(e.ApplicationMessage.Payload).RootElement);
            return Task.CompletedTask;
        };
        await client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(Root + "mask").Build());
        return masks.Reader;
    }

    private static async Task<JsonElement> AskAsync(IMqttClient client, ChannelReader<JsonElement> masks, string word, string body)
    {
        await client.PublishAsync(new MqttApplicationMessageBuilder().WithTopic(Root + "cmd/" + word).WithPayload(body).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtMostOnce).Build());
        return await masks.ReadAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
    }
}
