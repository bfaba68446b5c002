using System.Diagnostics;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using MQTTnet;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>What people and Home Assistant learn of a published service that is not well, and how it is taken off its broker.</summary>
public sealed class WatchedServiceTests
{
    private const string Root = "edgeseg/v1/robot-7/";
    private const string Discovery = "homeassistant/device/edgeseg-robot-7/config";

    [Fact]
    public async Task A_black_camera_raises_an_alert_discovery_is_repeated_and_retire_clears_everything()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, "#");
        using var scratch = new Scratch();

        // left by a session that crashed while something was wrong
        await listener.Client.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic(Root + "alert/duplicate-id").WithPayload("{}").WithRetainFlag().Build()
        );
        var config = scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "robot-7"
                [mqtt]
                host = "127.0.0.1"
                port = {broker.Port}
                [home_assistant]
                enabled = true
                [[camera]]
                id = "front"
                uri = "file:{scratch.Path}/unplugged.mp4"
                """
            )
        );
        using var process = Process.Start(Published.Start(Published.Binary, ["run", "--config", config]))!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await listener.UntilAsync(
                "the alert",
                h => h.Topic == Root + "alert/camera-front" && h.Text.Contains("\"camera_lost\"", StringComparison.Ordinal)
            );
            await listener.UntilAsync(
                "degraded",
                h => h.Topic == Root + "status" && h.State == "degraded" && h.Text.Contains("camera_lost:front", StringComparison.Ordinal)
            );
            await listener.UntilAsync("the end of the old alert", h => h.Topic == Root + "alert/duplicate-id" && h.Text.Length == 0);
            await listener.UntilAsync("discovery", h => h.Topic == Discovery);
            var before = listener.All.Count(h => h.Topic == Discovery);
            await listener.Client.PublishAsync(
                new MqttApplicationMessageBuilder().WithTopic("homeassistant/status").WithPayload("online").Build()
            );
            await Wait.UntilAsync(() => listener.All.Count(h => h.Topic == Discovery) > before, "discovery comes again");
            Assert.Equal(0, Signals.Send(process.Id, Signals.Terminate));
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
            Assert.True(process.ExitCode == 0, await errors);
            // a service that has ended has no alerts
            await listener.UntilAsync("the end of the alert", h => h.Topic == Root + "alert/camera-front" && h.Text.Length == 0);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        var (code, output, _) = Published.Run(Published.Binary, ["retire", "--config", config]);
        Assert.Equal(0, code);
        Assert.Contains(Discovery, output, StringComparison.Ordinal);
        Assert.DoesNotContain("was online", output, StringComparison.Ordinal);
        await using var after = await Listener.StartAsync(broker.Port, "#");
        await after.Client.PublishAsync(new MqttApplicationMessageBuilder().WithTopic("end").WithPayload("{}").Build());
        await after.UntilAsync("the end", h => h.Topic == "end");
        Assert.DoesNotContain(after.All, h => h.Retained);
    }
}
