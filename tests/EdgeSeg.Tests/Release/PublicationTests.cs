using System.Diagnostics;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using EdgeSeg.Updates;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.Release;

/// <summary><c>edgeseg model publish</c> and <c>status</c> as published, at a real mosquitto.</summary>
public sealed class PublicationTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private static (int Code, string Output, string Errors) Run(Mosquitto broker, params string[] arguments) =>
        Published.Run(Published.Binary, ["model", .. arguments, "--host", "127.0.0.1", "--port", $"{broker.Port}"]);

    private string Release(Manifest manifest, params SigningKey[] keys)
    {
        var folder = new ReleaseFolder(Path.Combine(scratch.Path, $"r{manifest.Serial}"));
        folder.WriteManifest(manifest with { Expires = DateTimeOffset.UtcNow.AddDays(1), Issued = DateTimeOffset.UtcNow });
        foreach (var key in keys)
            folder.Sign(folder.ReadManifest(), key);
        return folder.Path;
    }

    private static Task<MqttClientPublishResult> SayAsync(Listener listener, string device, string json, string topic = "model/state") =>
        listener.Client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic($"edgeseg/v1/{device}/{topic}")
                .WithRetainFlag()
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .WithPayload(Encoding.UTF8.GetBytes(json))
                .Build()
        );

    private static string State(string device, string fleet, string state, string reason = "null", string bytes = "null") =>
        $$"""
            {"v":1,"device":"{{device}}","session":"0a","fleet":"{{fleet}}","state":"{{state}}","name":"squeezesam","version":7,"serial":12,
            "bytes":{{bytes}},"bytes_total":25000000,"reason":{{reason}},"text":null,
            "active":{"name":"squeezesam","version":"6","sha256":"0123456789abcdef"},"at":"2026-11-24T12:00:00Z"}
            """;

    [Fact]
    public async Task A_signed_manifest_is_retained_on_the_topic_byte_for_byte()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        var place = Release(ReleaseSamples.Install(), ReleaseSamples.Alice, ReleaseSamples.Bob);
        foreach (
            var (option, id, topic) in new[]
            {
                ("--fleet", "north", "edgeseg/v1/fleet/north/model/desired"),
                ("--device", "robot-7", "edgeseg/v1/robot-7/model/desired"),
            }
        )
        {
            var (code, _, errors) = Run(broker, "publish", place, option, id);
            Assert.True(code == 0, errors);
            await using var listener = await Listener.StartAsync(broker.Port, topic);
            await listener.UntilAsync("the manifest", h => h.Topic == topic && h.Retained);
            var received = listener.All.Single();
            Assert.Empty(AsyncApi.Load().Errors("ModelDesired", received.Text));
            Assert.Equal((MqttQualityOfServiceLevel.AtLeastOnce, "application/json"), (received.Qos, received.ContentType));
            var envelope = Envelope.Read(Encoding.UTF8.GetBytes(received.Text));
            Verifier.Require(envelope, ReleaseSamples.Trust(2, ReleaseSamples.Alice, ReleaseSamples.Bob), DateTimeOffset.UtcNow);
            Assert.Equal(File.ReadAllBytes(Path.Combine(place, "manifest.json")), envelope.Manifest);
        }
    }

    [Fact]
    public async Task An_unsigned_an_older_and_an_expired_manifest_are_not_published()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        var unsigned = Run(broker, "publish", Release(ReleaseSamples.Plain(ManifestRules.Pause) with { Serial = 3 }), "--fleet", "north");
        Assert.Equal((1, true), (unsigned.Code, unsigned.Errors.Contains("edgeseg model sign", StringComparison.Ordinal)));
        var newer = Release(ReleaseSamples.Plain(ManifestRules.Pause) with { Serial = 5 }, ReleaseSamples.Alice);
        Assert.Equal(0, Run(broker, "publish", newer, "--fleet", "north").Code);
        var older = Run(
            broker,
            "publish",
            Release(ReleaseSamples.Plain(ManifestRules.Abort) with { Serial = 4 }, ReleaseSamples.Alice),
            "--fleet",
            "north"
        );
        Assert.Equal((1, true), (older.Code, older.Errors.Contains("--serial 6", StringComparison.Ordinal)));
        // the same once more, with another signature, is welcome
        new ReleaseFolder(newer).Sign(File.ReadAllBytes(Path.Combine(newer, "manifest.json")), ReleaseSamples.Bob);
        Assert.Equal(0, Run(broker, "publish", newer, "--fleet", "north").Code);
        Directory.CreateDirectory(Path.Combine(scratch.Path, "keys"));
        await File.WriteAllTextAsync(Path.Combine(scratch.Path, "keys", "m.pem"), ReleaseSamples.Mallory.PublicPem(null));
        var strange = Run(broker, "publish", newer, "--fleet", "north", "--keys", Path.Combine(scratch.Path, "keys"));
        Assert.Equal((1, true), (strange.Code, strange.Errors.Contains("unknown_signer", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Withdrawing_clears_the_topic()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        Assert.Equal(0, Run(broker, "publish", Release(ReleaseSamples.Install(), ReleaseSamples.Alice), "--fleet", "north").Code);
        Assert.Equal(0, Run(broker, "publish", "--withdraw", "--fleet", "north").Code);
        await using var listener = await Listener.StartAsync(broker.Port, "#");
        await SayAsync(listener, "marker", "{}");
        await listener.UntilAsync("the marker", h => h.Topic.Contains("marker", StringComparison.Ordinal));
        Assert.Single(listener.All);
    }

    [Fact]
    public void Without_a_broker_or_a_target_the_message_has_a_remedy()
    {
        var place = Release(ReleaseSamples.Install(), ReleaseSamples.Alice);
        var both = Published.Run(Published.Binary, ["model", "publish", place, "--fleet", "a", "--device", "b", "--host", "127.0.0.1"]);
        Assert.Equal((2, true), (both.ExitCode, both.Errors.Contains("either", StringComparison.Ordinal)));
        var wild = Published.Run(Published.Binary, ["model", "publish", place, "--device", "+", "--host", "127.0.0.1"]);
        Assert.Equal(2, wild.ExitCode);
        var port = Mosquitto.FreePort();
        var gone = Published.Run(Published.Binary, ["model", "publish", place, "--fleet", "a", "--host", "127.0.0.1", "--port", $"{port}"]);
        Assert.Equal((1, true), (gone.ExitCode, gone.Errors.Contains($"127.0.0.1:{port}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Status_shows_a_line_for_each_device_of_the_fleet()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var devices = await Listener.StartAsync(broker.Port);
        await SayAsync(devices, "robot-1", State("robot-1", "north", "downloading", bytes: "12500000"));
        await SayAsync(devices, "robot-2", State("robot-2", "north", "rolled_back", "\"live_quality\""));
        await SayAsync(devices, "robot-3", State("robot-3", "south", "active"));
        await SayAsync(devices, "robot-4", """{"v":2,"state":"dreaming","fleet":"north","extra":[]}""");
        await SayAsync(devices, "robot-5", "no json");
        var (code, output, errors) = Run(broker, "status", "--fleet", "north");
        Assert.True(code == 0, errors);
        Assert.Matches("(?m)^robot-1 +downloading +squeezesam 6 +squeezesam 7 +12 +50 % of 25.0 MB", output);
        Assert.Matches("(?m)^robot-2 +rolled_back .*live_quality", output);
        Assert.Matches("(?m)^robot-4 +dreaming", output);
        Assert.Contains("3 devices: 1 downloading, 1 dreaming, 1 rolled_back", output, StringComparison.Ordinal);
        Assert.DoesNotContain("robot-3", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", output, StringComparison.Ordinal);
        var one = Run(broker, "status", "--device", "robot-3", "--device", "robot-9");
        Assert.Equal(
            (1, true, true),
            (one.Code, one.Output.Contains("robot-3", StringComparison.Ordinal), one.Errors.Contains("robot-9", StringComparison.Ordinal))
        );
        Assert.Equal(1, Run(broker, "status", "--fleet", "east").Code);
    }

    [Fact]
    public async Task Status_marks_and_counts_the_devices_that_are_offline()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var devices = await Listener.StartAsync(broker.Port);
        foreach (var (device, status) in new[] { ("robot-1", "online"), ("robot-2", "offline"), ("robot-3", "offline") })
        {
            await SayAsync(devices, device, $$"""{"v":1,"state":"{{status}}"}""", "status");
            // robot-3 has a status only
            if (device != "robot-3")
                await SayAsync(devices, device, State(device, "north", "active"));
        }

        var (code, output, errors) = Run(broker, "status");
        Assert.True(code == 0, errors);
        Assert.Matches("(?m)^robot-1 +active +squeezesam", output);
        Assert.Matches(@"(?m)^robot-2 +active \(offline\) +squeezesam", output);
        Assert.EndsWith("2 devices: 2 active; 1 offline\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_has_news_of_a_device_that_comes_and_goes()
    {
        var table = new FleetTable();
        Assert.Null(table.SetOffline("robot-1", true));
        table.Set(DeviceModelState.TryRead("robot-1", """{"state":"active"}"""u8.ToArray())!);
        Assert.StartsWith("robot-1  active  ", table.SetOffline("robot-1", false), StringComparison.Ordinal);
        Assert.Null(table.SetOffline("robot-1", false));
        Assert.StartsWith("robot-1  active (offline)  ", table.SetOffline("robot-1", true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_remedy_names_the_options_where_no_settings_file_is_given()
    {
        using var keys = new TestAuthority("localhost");
        await using var broker = await Mosquitto.StartOrSkipAsync(
            $"cafile {keys.AuthorityFile}\ncertfile {keys.ServerFile}\nkeyfile {keys.ServerKeyFile}"
        );
        string Errors(params string[] rest) =>
            Published.Run(Published.Binary, ["model", "status", "--host", "localhost", "--port", $"{broker.Port}", .. rest]).Errors;
        var unknown = Errors("--tls");
        Assert.Contains("unknown authority", unknown, StringComparison.Ordinal);
        Assert.Contains("set --ca-file to", unknown, StringComparison.Ordinal);
        Assert.DoesNotContain("mqtt.", unknown, StringComparison.Ordinal);
        var damaged = Errors("--tls", "--ca-file", scratch.Write("not-pem", "hello\n"u8.ToArray()));
        Assert.Contains("--ca-file", damaged, StringComparison.Ordinal);
        Assert.DoesNotContain("mqtt.", damaged, StringComparison.Ordinal);
        Assert.DoesNotContain("mqtt.", Errors(), StringComparison.Ordinal);
        // with a settings file the settings are named
        var config = scratch.Write("edgeseg.toml", "[mqtt]\nhost = \"localhost\"\ntls = true\n"u8.ToArray());
        Assert.Contains("set mqtt.ca_file to", Errors("--config", config), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_follows_a_roll_out_line_by_line_in_a_pipe()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var devices = await Listener.StartAsync(broker.Port);
        var start = Published.Start(
            Published.Binary,
            ["model", "status", "--follow", "--for", "60", "--host", "127.0.0.1", "--port", $"{broker.Port}"]
        );
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        process.OutputDataReceived += (_, e) => lines.Enqueue(e.Data ?? "");
        process.BeginOutputReadLine();
        await SayAsync(devices, "robot-1", State("robot-1", "north", "canary"));
        await Wait.UntilAsync(() => lines.Any(l => l.Contains("canary", StringComparison.Ordinal)), "the first state is shown");
        await SayAsync(devices, "robot-1", State("robot-1", "north", "trial"));
        await Wait.UntilAsync(() => lines.Any(l => l.Contains("trial", StringComparison.Ordinal)), "the second state is shown");
        process.Kill();
        await process.WaitForExitAsync();
    }

    [Fact]
    public void The_text_of_a_device_holds_no_control_characters()
    {
        var state = DeviceModelState.TryRead(
            "robot-1",
            Encoding.UTF8.GetBytes("""{"state":"\u001b[2Jactive","reason":"a\nb","text":"\u009bx\ud83d\ude00","name":"n","version":1e99}""")
        )!;
        Assert.DoesNotContain(new FleetTable().Line(state), c => char.IsControl(c));
        Assert.Null(state.Version);
        foreach (var bad in new[] { "", "[]", "null", "{", "\"x\"", "{\"state\":\"\xff" })
            Assert.Null(DeviceModelState.TryRead("robot-1", Encoding.Latin1.GetBytes(bad)));
        Assert.Equal("?", DeviceModelState.TryRead("robot-1", "{}"u8.ToArray())!.State);
        Assert.Null(DeviceModelState.TryRead("robot-1", new byte[ReleaseLimits.MaxDeviceMessageBytes + 1]));
    }
}
