using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary><c>edgeseg run</c> as published, against a real mosquitto.</summary>
public sealed class RunTests
{
    [Fact]
    public async Task A_synthetic_camera_gives_masks_state_and_telemetry_until_it_is_stopped()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port);
        using var scratch = new Scratch();
        var config = scratch.Write(
            "edgeseg.toml",
            System.Text.Encoding.UTF8.GetBytes(
                $"""
                device = "robot-7"
                [mqtt]
                host = "127.0.0.1"
                port = {broker.Port}
                [telemetry]
                interval_s = 1
                [[camera]]
                id = "front"
                uri = "test:?w=640&h=480&fps=15"
                """
            )
        );
        using var process = Process.Start(Published.Start(Published.Binary, ["run", "--config", config]))!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            const string root = "edgeseg/v1/robot-7/";
            await listener.UntilAsync("status online", h => h.Topic == root + "status" && h.State == "online");
            await listener.UntilAsync("info", h => h.Topic == root + "info");
            await listener.UntilAsync("camera streaming", h => h.Topic == root + "cam/front/state" && h.State == "streaming");
            await listener.UntilAsync(
                "telemetry",
                h => h.Topic == root + "telemetry" && h.Text.Contains("\"saliency\"", StringComparison.Ordinal)
            );
            await Wait.UntilAsync(() => listener.All.Count(h => h.Topic == root + "cam/front/mask") >= 10, "ten masks");
            Assert.Equal(0, Signals.Send(process.Id, Signals.Terminate));
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
            Assert.True(process.ExitCode == 0, await errors);
            await listener.UntilAsync("status offline", h => h.Topic == root + "status" && h.State == "offline");
            var api = AsyncApi.Load();
            // an empty message ends an alert
            foreach (var message in listener.All.Where(h => h.Text.Length > 0))
                Assert.Empty(api.Errors(Schema(message.Topic.Split('/')[3..]), message.Text));
            Assert.Contains(
                listener.All,
                h => h.Topic == root + "telemetry" && h.Text.Contains("\"memory_available_bytes\"", StringComparison.Ordinal)
            );
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    /// <summary>By the levels behind the device's.</summary>
    private static string Schema(string[] levels) =>
        levels switch
        {
            ["status"] => "Status",
            ["info"] => "Info",
            ["telemetry"] => "Telemetry",
            ["alert", _] => "Alert",
            ["model", "state"] => "ModelState",
            ["cam", _, "mask"] => "Mask",
            ["cam", _, "state"] => "CameraState",
            _ => throw new ArgumentException($"no schema for {string.Join('/', levels)}"),
        };

    [Fact]
    public void Settings_that_are_wrong_are_all_named_with_their_lines()
    {
        using var scratch = new Scratch();
        var config = scratch.Write("bad.toml", "[mqtt]\nprot = 1883\nport = 99999\n"u8.ToArray());
        var (code, _, errors) = Published.Run(Published.Binary, ["run", "--config", config]);
        Assert.Equal(2, code);
        Assert.Contains("bad.toml:2: mqtt.prot", errors);
        Assert.Contains("bad.toml:3: mqtt.port", errors);
    }

    [Fact]
    public void Without_a_camera_the_message_explains_how_to_add_one()
    {
        using var scratch = new Scratch();
        var (code, _, errors) = Published.Run(Published.Binary, ["run", "--config", scratch.Write("empty.toml", [])]);
        Assert.Equal(2, code);
        Assert.Contains("[[camera]]", errors);
    }

    [Fact]
    public void Help_of_every_verb_has_an_example()
    {
        var (code, output, _) = Published.Run(Published.Binary, ["--help"]);
        Assert.Equal(0, code);
        Assert.Contains("Exit codes: 0 ok, 1 failed, 2 bad usage", output);
        foreach (var verb in new[] { "run", "demo", "segment", "eval", "info", "doctor" })
        {
            var (exit, help, _) = Published.Run(Published.Binary, [verb, "--help"]);
            Assert.Equal(0, exit);
            Assert.Matches($"Example: (sudo )?edgeseg {verb}", help);
        }
    }

    [Fact]
    public void Doctor_looks_at_everything()
    {
        using var scratch = new Scratch();
        var (_, output, _) = Published.Run(Published.Binary, ["doctor", "--config", scratch.Write("empty.toml", [])]);
        foreach (var check in new[] { "settings", "onnx runtime", "opencv", "model", "cameras", "broker", "gpio", "disk", "clock" })
            Assert.Contains($"  {check} ", output);
        Assert.Contains("2 graphs intact", output);
    }
}
