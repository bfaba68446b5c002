using System.Diagnostics;
using System.Text;
using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using EdgeSeg.Updates;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// A fleet of two published programs, a real mosquitto, a web server whose first answer breaks off, and an operator with the same binary:
/// half, all, and a bad version that goes back everywhere.
/// </summary>
public sealed class RolloutTests : IDisposable
{
    private const int DisconnectAfter = 1_000_000;

    private readonly Scratch scratch = new();
    private readonly List<Process> devices = [];
    private int port;
    private string address = "";
    private int disconnects;

    public void Dispose()
    {
        foreach (var device in devices)
        {
            if (!device.HasExited)
                device.Kill();
            device.WaitForExit();
            device.Dispose();
        }

        scratch.Dispose();
    }

    [Fact]
    public async Task Half_then_all_then_a_bad_version_that_is_rolled_back_everywhere()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        port = broker.Port;
        await using var web = new MisbehavingServer(ServeAsync);
        address = web.Folder;
        await using var listener = await Listener.StartAsync(port);
        // one device on either side of the half
        var salt = Enumerable
            .Range(0, 100)
            .Select(i => $"salt-{i}")
            .First(s => RolloutShare.Of(s, "robot-1") < 50 && RolloutShare.Of(s, "robot-2") >= 50);
        Edgeseg("model", "keygen", "--out", In("release"));
        Directory.CreateDirectory(In("keys"));
        File.Copy(In("release.pem"), In("keys/release.pem"));
        foreach (var device in new[] { "robot-1", "robot-2" })
            Start(device);
        await listener.UntilAsync(
            "both in progress",
            _ => new[] { "robot-1", "robot-2" }.All(d => listener.All.Count(h => h.Topic == $"edgeseg/v1/{d}/cam/front/mask") >= 12)
        );

        Pack("two", Path.Combine(Published.Folder, "models", "squeezesam"), version: 12, serial: 1, "--percent", "50", "--salt", salt);
        await StateAsync(listener, "robot-1", "active", 12);
        await StateAsync(listener, "robot-2", "waiting", 12, UpdateReason.NotInRollout);
        // how long no frame was taken while the model was changed
        await listener.UntilAsync(
            "the gap of the swap",
            h => h.Topic == "edgeseg/v1/robot-1/telemetry" && Swap(h.Text) is { Count: 1, Ms: > 0 }
        );
        // half the graph had come when the line broke: the rest was asked for, not the whole
        Assert.Equal(
            (1, DisconnectAfter),
            (
                disconnects,
                web.Exchanges.Select(e => e.Range)
                    .OfType<string>()
                    .Select(r => int.Parse(r["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture))
                    .Single()
            )
        );

        Edgeseg("model", "reissue", In("two"), "--serial", "2", "--percent", "100");
        SignAndPublish("two");
        await StateAsync(listener, "robot-2", "active", 12);
        var table = Edgeseg("model", "status", "--fleet", "north", "--host", "127.0.0.1", "--port", $"{port}");
        Assert.Equal(
            2,
            table.Split('\n').Count(l => l.StartsWith("robot-", StringComparison.Ordinal) && l.Contains("active", StringComparison.Ordinal))
        );

        // it loads, it agrees with itself, it is fast, and its masks are the whole picture
        float[] all = [.. Enumerable.Repeat(5f, 64)];
        Pack("three", OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, all, [0.9f], all, 8, 8).ToBytes(), In("bad")), version: 13, serial: 3);
        foreach (var device in new[] { "robot-1", "robot-2" })
        {
            await StateAsync(listener, device, "rolled_back", 13, UpdateReason.LiveQuality);
            var last = listener.All.Last(h => h.Topic == $"edgeseg/v1/{device}/model/state").Text;
            Assert.Contains("\"active\":{\"name\":\"squeezesam\",\"version\":\"12\"", last, StringComparison.Ordinal);
        }

        table = Edgeseg("model", "status", "--fleet", "north", "--host", "127.0.0.1", "--port", $"{port}");
        Assert.Equal(2, table.Split('\n').Count(l => l.Contains(UpdateReason.LiveQuality, StringComparison.Ordinal)));
        var api = AsyncApi.Load();
        foreach (var message in listener.All.Where(h => h.Topic.EndsWith("/model/state", StringComparison.Ordinal)))
            Assert.Empty(api.Errors("ModelState", message.Text));
    }

    private void Pack(string name, string from, int version, int serial, params string[] more)
    {
        string[] words =
        [
            "model",
            "pack",
            from,
            "--out",
            In(name),
            "--url",
            $"{address}{name}/",
            "--version",
            $"{version}",
            "--serial",
            $"{serial}",
            "--live-frames",
            "10",
            "--max-latency-ratio",
            "50",
            "--min-iou",
            "0.9",
            "--images",
            Path.Combine(Published.Folder, "demo", "chelsea.jpg"),
            .. more,
        ];
        Edgeseg(words);
        SignAndPublish(name);
    }

    private void SignAndPublish(string name)
    {
        Edgeseg("model", "sign", In(name), "--key", In("release.key"));
        Edgeseg("model", "publish", In(name), "--fleet", "north", "--host", "127.0.0.1", "--port", $"{port}");
    }

    private static Task StateAsync(Listener listener, string device, string state, int version, string? reason = null) =>
        Wait.UntilAsync(
            () =>
                listener.All.LastOrDefault(h => h.Topic == $"edgeseg/v1/{device}/model/state") is { } last
                && last.State == state
                && last.Text.Contains($"\"version\":{version},", StringComparison.Ordinal)
                && (reason is null || last.Text.Contains($"\"reason\":\"{reason}\"", StringComparison.Ordinal)),
            $"{device} is {state} {version} {reason}; last: "
                + $"{listener.All.LastOrDefault(h => h.Topic == $"edgeseg/v1/{device}/model/state")?.Text}",
            limitS: 120
        );

    private void Start(string device)
    {
        var config = scratch.Write(
            $"{device}.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "{device}"
                fleet = "north"
                state_dir = "{In(device)}"
                [mqtt]
                host = "127.0.0.1"
                port = {port}
                [update]
                keys_dir = "{In("keys")}"
                sources = ["http"]
                [telemetry]
                interval_s = 1
                [[camera]]
                id = "front"
                uri = "test:?w=640&h=480&fps=5"
                """
            )
        );
        Directory.CreateDirectory(In(device));
        devices.Add(Process.Start(Published.Start(Published.Binary, ["run", "--config", config]))!);
    }

    private static (int Count, double Ms) Swap(string telemetry)
    {
        using var json = JsonDocument.Parse(telemetry);
        var model = json.RootElement.GetProperty("model");
        return (model.GetProperty("swaps").GetInt32(), model.GetProperty("last_swap_ms").GetDouble());
    }

    private async Task ServeAsync(MisbehavingExchange request)
    {
        var file = In(request.Path["/bundle/".Length..]);
        var content = await File.ReadAllBytesAsync(file, request.Over);
        var disconnect = content.Length > DisconnectAfter && Interlocked.CompareExchange(ref disconnects, 1, 0) == 0;
        await request.ServeAsync(content, $"\"{content.Length}\"", disconnect ? DisconnectAfter : null);
    }

    private string In(string name) => Path.Combine(scratch.Path, name);

    private static string Edgeseg(params string[] words)
    {
        var (code, output, errors) = Published.Run(Published.Binary, words);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {code} {output}{errors}");
        return output;
    }
}
