using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Release;
using EdgeSeg.Testing;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Twenty simulated devices behind one TLS mosquitto with passwords, and an operator with the program.</summary>
public sealed class FleetRolloutTests : IAsyncDisposable
{
    private const int Devices = 20;

    private readonly Scratch scratch = new();
    private readonly TestAuthority authority = new("localhost");
    private readonly List<SimulatedDevice> fleet = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var device in fleet)
            await device.DisposeAsync();
        authority.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task The_preview_names_two_and_the_roll_out_takes_exactly_those_two_until_it_is_widened()
    {
        var certificates =
            $"cafile {authority.AuthorityFile}\ncertfile {authority.ServerFile}\nkeyfile "
            + $"{authority.ServerKeyFile}\nallow_anonymous false\npassword_file {Passwords()}";
        await using var broker = await Mosquitto.StartOrSkipAsync(certificates);
        await using var web = new MisbehavingServer(e =>
            e.ServeAsync(UpdateRig.Contents(7, "fleet").Single(f => e.Path == "/bundle/" + f.Name).Bytes, "\"1\"")
        );
        for (var i = 0; i < Devices; i++)
        {
            fleet.Add(new SimulatedDevice($"robot-{i}", "north"));
            await fleet[i]
                .StartAsync(broker.Port, authority.Authority, ReleaseSamples.Trust(1, ReleaseSamples.Alice), i % 2 == 0 ? ["dock"] : []);
        }

        string[] access =
        [
            "--host",
            "localhost",
            "--port",
            $"{broker.Port}",
            "--tls",
            "--ca-file",
            authority.AuthorityFile,
            "--user",
            "release",
            "--password-file",
            scratch.Write("release.pw", "secret-release"u8.ToArray()),
        ];
        var plan = Edgeseg(["plan", "--fleet", "north", "--count", "2", .. access]);
        var two = plan.TrimEnd().Split('\n')[^1].Split(": ")[1].Split(',');
        Assert.Equal(2, two.Length);
        Assert.Equal(Devices + 2, plan.TrimEnd().Split('\n').Length);

        var release = Release(web.Folder);
        Edgeseg(["reissue", release.Path, "--serial", "2", "--fleet", "north", "--count", "2", .. access]);
        Publish(release, access);
        await SettledAsync();
        Assert.Equal(two.Order(), fleet.Where(d => d.Last.State == UpdateReport.Active).Select(d => d.Id).Order());
        Assert.Equal(Devices - 2, fleet.Count(d => d.Last is { State: UpdateReport.Waiting, Reason: UpdateReason.NotInRollout }));

        // without an option the same two take part; widening is explicit
        Edgeseg(["reissue", release.Path, "--serial", "3"]);
        Publish(release, access);
        await Wait.UntilAsync(() => fleet.All(d => d.Last.Serial == 3), "all devices have checked serial 3");
        await SettledAsync();
        Assert.Equal(two.Order(), fleet.Where(d => d.Last.State == UpdateReport.Active).Select(d => d.Id).Order());
        Assert.Equal(two, LastLine(Edgeseg(["plan", release.Path, "--fleet", "north", .. access])));
        Edgeseg(["reissue", release.Path, "--serial", "4", "--all"]);
        Publish(release, access);
        await Wait.UntilAsync(() => fleet.All(d => d.Last is { State: UpdateReport.Active, Serial: 4 }), "all devices are active");
        var status = Edgeseg(["status", "--fleet", "north", .. access]);
        Assert.EndsWith($"{Devices} devices: {Devices} active", status.TrimEnd(), StringComparison.Ordinal);

        // by tag, and by name
        Assert.Equal(Devices / 2, LastLine(Edgeseg(["plan", "--fleet", "north", "--tags", "dock", .. access])).Length);
        Assert.Equal(["robot-3", "robot-4"], LastLine(Edgeseg(["plan", "--fleet", "north", "--devices", "robot-4,robot-3", .. access])));
    }

    [Fact]
    public async Task A_dead_device_is_retired_from_elsewhere()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port);
        foreach (var topic in new[] { "robot-7/status", "robot-7/info", "robot-7/model/state", "robot-8/status" })
            await listener.Client.PublishAsync(
                new MqttApplicationMessageBuilder()
                    .WithTopic($"edgeseg/v1/{topic}")
                    .WithRetainFlag()
                    .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                    .WithPayload("{}")
                    .Build()
            );
        var (code, output, errors) = Published.Run(
            Published.Binary,
            ["retire", "--device", "robot-7", "--host", "127.0.0.1", "--port", $"{broker.Port}"]
        );
        Assert.True(code == 0 && output.Contains("3 retained topics of robot-7 cleared", StringComparison.Ordinal), output + errors);
        await using var after = await Listener.StartAsync(broker.Port);
        await after.UntilAsync("the other device", h => h.Topic == "edgeseg/v1/robot-8/status");
        Assert.Single(after.All);
    }

    /// <summary>A state for each device that lasts until something comes.</summary>
    private Task SettledAsync() =>
        Wait.UntilAsync(
            () => fleet.All(d => d.Last is { Serial: not null, State: UpdateReport.Active or UpdateReport.Waiting }),
            "every device has checked the manifest",
            limitS: 120
        );

    private static string[] LastLine(string plan) => plan.TrimEnd().Split('\n')[^1].Split(": ")[1].Split(',');

    private ReleaseFolder Release(string address)
    {
        var manifest = UpdateRig.Install(7, 1, "fleet");
        var folder = new ReleaseFolder(Path.Combine(scratch.Path, "release"));
        folder.WriteManifest(
            manifest with
            {
                Issued = DateTimeOffset.UtcNow,
                Expires = DateTimeOffset.UtcNow.AddDays(1),
                Bundle = manifest.Bundle! with { Url = address, Compatible = new Compatible() },
            }
        );
        return folder;
    }

    private static void Publish(ReleaseFolder release, string[] access)
    {
        release.Sign(release.ReadManifest(), ReleaseSamples.Alice);
        Edgeseg(["publish", release.Path, "--fleet", "north", .. access]);
    }

    /// <summary>A password file of mosquitto, readable by the user that it runs as.</summary>
    private string Passwords()
    {
        var users = Enumerable.Range(0, Devices).Select(i => $"robot-{i}").Append("release");
        var path = scratch.Write("passwords", Encoding.ASCII.GetBytes(string.Concat(users.Select(u => $"{u}:secret-{u}\n"))));
        var hashed = Published.Run("mosquitto_passwd", ["-U", path]);
        Assert.True(hashed.ExitCode == 0, hashed.Errors);
        if (OperatingSystem.IsWindows())
            return path;
        File.SetUnixFileMode(scratch.Path, (UnixFileMode)0x1ED);
        File.SetUnixFileMode(path, (UnixFileMode)0x1A4);
        return path;
    }

    private static string Edgeseg(string[] words)
    {
        var (code, output, errors) = Published.Run(Published.Binary, ["model", .. words]);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {code} {output}{errors}");
        return output;
    }
}
