using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;
using static System.FormattableString;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// What a click on a frame that was seen costs an idle service: one run of the model and hardly anything else. Prints the figures; the
/// bound on time is held in <c>./build.sh soak</c> only, which has the machine for itself.
/// </summary>
public sealed class ClickLatencyTests(ITestOutputHelper output)
{
    private const string Root = "edgeseg/v1/robot-7/cam/front/";
    private const string Telemetry = "edgeseg/v1/robot-7/telemetry";
    private const int Clicks = 200;
    private const double AllowedRatio = 1.2;

    private static Process Start(Scratch scratch, int port)
    {
        var settings = Encoding.UTF8.GetBytes(
            $"""
            device = "robot-7"
            [mqtt]
            host = "127.0.0.1"
            port = {port}
            [telemetry]
            interval_s = 1
            [[camera]]
            id = "front"
            uri = "test:?w=640&h=480&fps=15"
            mode = "on_command"
            """
        );
        return Process.Start(Published.Start(Published.Binary, ["run", "--config", scratch.Write("edgeseg.toml", settings)]))!;
    }

    [Fact]
    public async Task A_click_on_an_idle_service_costs_one_run_of_the_model()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, Root + "state");
        await using var figures = await Listener.StartAsync(broker.Port, Telemetry);
        using var scratch = new Scratch();
        using var process = Start(scratch, broker.Port);
        try
        {
            await listener.UntilAsync("it streams", h => h.State == "streaming");
            var masks = await MasksAsync(listener.Client);
            var ratios = new List<double>();
            var onDevice = new List<(double AllMs, double ModelMs)>();
            string frame = "";
            for (var i = 0; i < Stress.Rounds(Clicks); i++)
            {
                // frames are held for some seconds only
                if (i % 10 == 0)
                    frame = (await AskAsync(listener.Client, masks, "auto", "{}")).GetProperty("frame").GetString()!;
                var since = Stopwatch.GetTimestamp();
                var mask = await AskAsync(listener.Client, masks, "click", $$"""{"v":1,"frame":"{{frame}}","points":[[320,240]]}""");
                var tookMs = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
                Assert.Equal(frame, mask.GetProperty("frame").GetString());
                var ms = mask.GetProperty("ms");
                Assert.False(ms.TryGetProperty("saliency", out _), "the model was run without the click first");
                ratios.Add(tookMs / ms.GetProperty("decode").GetDouble());
                onDevice.Add((ms.EnumerateObject().Sum(stage => stage.Value.GetDouble()), ms.GetProperty("decode").GetDouble()));
            }

            // what the message itself cannot hold, its writing and its way into the MQTT client, telemetry has: the slowest of all
            // intervals
            await figures.UntilAsync("telemetry", h => Slowest(h.Text, "encode") > 0);
            var writtenMs = figures.All.Max(h => Slowest(h.Text, "encode") + Slowest(h.Text, "publish"));
            double received = P99(ratios),
                device = P99(onDevice.Select(d => (d.AllMs + writtenMs) / d.ModelMs)),
                typical = onDevice.Select(d => d.AllMs / d.ModelMs).Order().ElementAt(onDevice.Count / 2);
            output.WriteLine(
                Invariant($"{ratios.Count} clicks, times by the model's own: command received to mask handed to the MQTT client, ")
                    + Invariant($"p99 {device:0.000} (of it written and handed over {writtenMs:0.000} ms); click sent to mask received, ")
                    + Invariant($"through mosquitto and this test's client, p50 {P50(ratios):0.000}, p99 {received:0.000}")
            );
            // the median of a ratio of times of one click: a busy machine lengthens both
            if (Stress.IsWhole)
                Assert.InRange(typical, 1, AllowedRatio);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static double P50(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double P99(IEnumerable<double> values) =>
        values.Order().ToArray() is var all ? all[(int)Math.Ceiling(all.Length * 0.99) - 1] : 0;

    private static double Slowest(string telemetry, string stage)
    {
        using var json = JsonDocument.Parse(telemetry);
        return json.RootElement.GetProperty("cameras").GetProperty("front").GetProperty("stages").TryGetProperty(stage, out var times)
            ? times.GetProperty("p99").GetDouble()
            : 0;
    }

    private static async Task<ChannelReader<JsonElement>> MasksAsync(IMqttClient client)
    {
        var masks = Channel.CreateUnbounded<JsonElement>();
        client.ApplicationMessageReceivedAsync += e =>
        {
            if (e.ApplicationMessage.Topic == Root + "mask")
                masks.Writer.TryWrite(JsonDocument.Parse(e.ApplicationMessage.Payload).RootElement);
            return Task.CompletedTask;
        };
        await client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(Root + "mask").Build());
        return masks.Reader;
    }

    private static async Task<JsonElement> AskAsync(IMqttClient client, ChannelReader<JsonElement> masks, string word, string body)
    {
        await client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic(Root + "cmd/" + word)
                .WithPayload(body)
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtMostOnce)
                .Build()
        );
        return await masks.ReadAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
    }
}
