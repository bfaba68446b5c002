using System.Diagnostics;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using MQTTnet;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>The published service and the operator's commands with another topic prefix.</summary>
public sealed class TopicPrefixTests : IDisposable
{
    private const string Prefix = "site/hall-3";
    private const string Root = Prefix + "/v1/robot-7/";

    private readonly Scratch scratch = new();

    private string Config(int port) =>
        scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "robot-7"
                fleet = "north"
                state_dir = "{scratch.Path}/state"
                [mqtt]
                host = "127.0.0.1"
                port = {port}
                topic_prefix = "{Prefix}"
                [telemetry]
                interval_s = 1
                [home_assistant]
                enabled = true
                image_interval_s = 1
                [[camera]]
                id = "front"
                uri = "test:?w=320&h=240&fps=10"
                """
            )
        );

    [Fact]
    public async Task Nothing_is_published_outside_of_it_but_home_assistants_discovery()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, "#");
        var config = Config(broker.Port);
        using var process = Process.Start(Published.Start(Published.Binary, ["run", "--config", config]))!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            string[] ends = ["status", "info", "telemetry", "model/state", "cam/front/state", "cam/front/mask", "cam/front/overlay"];
            foreach (var end in ends)
                await listener.UntilAsync(end, h => h.Topic == Root + end);
            await listener.UntilAsync("discovery", h => h.Topic == "homeassistant/device/edgeseg-robot-7/config");
            await listener.Client.PublishAsync(
                new MqttApplicationMessageBuilder()
                    .WithTopic(Root + "cam/front/cmd/auto")
                    .WithPayload("""{"v":1,"id":"one","reply_to":"panel"}""")
                    .Build()
            );
            await listener.UntilAsync(
                "the reply",
                h => h.Topic == Root + "reply/panel" && h.Text.Contains("\"result\"", StringComparison.Ordinal)
            );
            // a command below the usual prefix is none of this device's
            await listener.Client.PublishAsync(
                new MqttApplicationMessageBuilder()
                    .WithTopic("edgeseg/v1/robot-7/cam/front/cmd/auto")
                    .WithPayload("""{"v":1,"id":"two","reply_to":"panel"}""")
                    .Build()
            );
            await OperatorsAsync(broker.Port, listener);
            var (code, output, _) = Published.Run(Published.Binary, ["doctor", "--config", config]);
            Assert.Contains("broker", output, StringComparison.Ordinal);
            Assert.True(code is 0 or 1, output);
            Assert.Equal(0, Signals.Send(process.Id, Signals.Terminate));
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
            Assert.True(process.ExitCode == 0, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        await listener.UntilAsync("offline", h => h.Topic == Root + "status" && h.State == "offline");
        var others = listener
            .All.Select(h => h.Topic)
            .Where(t => !t.StartsWith(Root, StringComparison.Ordinal))
            .Distinct()
            .Order(StringComparer.Ordinal);
        // what this test and the operator's command published, and the discovery message, whose topics are all below the prefix
        Assert.Equal(
            [
                "edgeseg/v1/robot-7/cam/front/cmd/auto",
                "homeassistant/device/edgeseg-robot-7/config",
                $"{Prefix}/v1/fleet/north/model/desired",
            ],
            others
        );
        Assert.DoesNotContain("edgeseg/v1/", listener.All.Last(h => h.Topic.StartsWith("homeassistant/", StringComparison.Ordinal)).Text);
        Assert.DoesNotContain(listener.All, h => h.Topic == Root + "reply/panel" && h.Text.Contains("\"two\"", StringComparison.Ordinal));
        await RetireAsync(broker.Port, config);
    }

    /// <summary>The device is found with --prefix and is not without.</summary>
    private static async Task OperatorsAsync(int port, Listener listener)
    {
        await listener.UntilAsync("model state", h => h.Topic == Root + "model/state");
        string[] access = ["--host", "127.0.0.1", "--port", $"{port}"];
        var (code, found, errors) = Published.Run(Published.Binary, ["model", "status", .. access, "--prefix", Prefix]);
        Assert.True(code == 0, errors);
        Assert.Contains("robot-7", found, StringComparison.Ordinal);
        Assert.DoesNotContain("robot-7", Published.Run(Published.Binary, ["model", "status", .. access]).Output, StringComparison.Ordinal);
        Assert.Contains(
            "robot-7",
            Published.Run(Published.Binary, ["model", "plan", "--fleet", "north", "--count", "1", .. access, "--prefix", Prefix]).Output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"{Prefix}/v1/fleet/north/model/desired is cleared",
            Published.Run(Published.Binary, ["model", "publish", "--withdraw", "--fleet", "north", .. access, "--prefix", Prefix]).Output,
            StringComparison.Ordinal
        );
        var wrong = Published.Run(Published.Binary, ["model", "status", .. access, "--prefix", "a/#"]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("--prefix a/#: must be", wrong.Errors, StringComparison.Ordinal);
    }

    private static async Task RetireAsync(int port, string config)
    {
        var (code, output, errors) = Published.Run(Published.Binary, ["retire", "--config", config]);
        Assert.True(code == 0, errors);
        Assert.Contains(Root + "status", output, StringComparison.Ordinal);
        await using var after = await Listener.StartAsync(port, "#");
        await after.Client.PublishAsync(new MqttApplicationMessageBuilder().WithTopic("end").WithPayload("{}").Build());
        await after.UntilAsync("the end", h => h.Topic == "end");
        Assert.DoesNotContain(after.All, h => h.Retained);
    }

    public void Dispose() => scratch.Dispose();
}
