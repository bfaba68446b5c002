using System.Diagnostics;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Bench;

/// <summary>What the operator's commands and a joining device cost on a broker with many devices.</summary>
/// <param name="Devices">Connected devices.</param>
/// <param name="Retained">Retained messages of the devices.</param>
/// <param name="Status">The run of <c>model status</c>.</param>
/// <param name="Plan">The run of <c>model plan --count 2</c>.</param>
/// <param name="AloneMs">Median time of a device from connecting to its manifest, without the others.</param>
/// <param name="JoinMs">The same among the others.</param>
/// <param name="AnnounceMs">From publishing a manifest to the last device that received it.</param>
/// <param name="BrokerMiB">Memory of the broker.</param>
internal sealed record CrowdOutcome(
    int Devices,
    int Retained,
    CommandRun Status,
    CommandRun Plan,
    double AloneMs,
    double JoinMs,
    double AnnounceMs,
    double BrokerMiB
);

/// <summary>One run of a command: its duration, its peak memory, and its last line.</summary>
internal sealed record CommandRun(double Seconds, double PeakMiB, string LastLine);

/// <summary>
/// Light simulated devices on one mosquitto: each a connection with retained info, status and model/state, subscribed to its model topics.
/// </summary>
internal static class CrowdBench
{
    public const int Devices = 2000;
    private const int Joins = 40;
    private const string Desired = "edgeseg/v1/fleet/north/model/desired";

    public static async Task<CrowdOutcome> RunAsync(string program)
    {
        await using var broker = await BenchBroker.StartAsync(Devices + Joins + 16);
        var factory = new MqttClientFactory();
        using var release = await FleetBench.ConnectAsync(factory, broker.Port, "release");
        await PublishAsync(release, Desired, new byte[4096]);
        var alone = await JoinAsync(factory, broker.Port, "alone");
        var received = 0;
        var clients = new List<IMqttClient>();
        for (var i = 0; i < Devices; i++)
        {
            var client = await FleetBench.ConnectAsync(factory, broker.Port, $"robot-{i}");
            client.ApplicationMessageReceivedAsync += m =>
            {
                if (m.ApplicationMessage.Topic == Desired && !m.ApplicationMessage.Retain)
                    Interlocked.Increment(ref received);
                return Task.CompletedTask;
            };
            await BeginAsync(client, $"robot-{i}");
            clients.Add(client);
        }

        string[] access = ["--fleet", "north", "--host", "127.0.0.1", "--port", $"{broker.Port}"];
        var status = await CommandAsync(program, ["model", "status", .. access]);
        var plan = await CommandAsync(program, ["model", "plan", "--count", "2", .. access]);
        var join = await JoinAsync(factory, broker.Port, "joining");
        var since = Stopwatch.GetTimestamp();
        await PublishAsync(release, Desired, new byte[4096]);
        while (Volatile.Read(ref received) < Devices && Stopwatch.GetElapsedTime(since).TotalSeconds < 60)
            await Task.Delay(1);
        var announced = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        var memory = broker.MiB;
        foreach (var client in clients)
            client.Dispose();
        return new CrowdOutcome(Devices, 3 * Devices, status, plan, alone, join, announced, memory);
    }

    /// <summary>What a device does when it connects: subscribe, then publish its retained topics.</summary>
    private static async Task BeginAsync(IMqttClient client, string id)
    {
        var topics = new Topics(id, []);
        var filters = new MqttClientSubscribeOptionsBuilder();
        foreach (
            var topic in new[]
            {
                topics.ModelDesired,
                topics.ModelHold,
                topics.ModelKeys + "+",
                Desired,
                Topics.FleetModelKeys(topics.Prefix, "north") + "+",
            }
        )
            filters.WithTopicFilter(topic, MqttQualityOfServiceLevel.AtLeastOnce);
        await client.SubscribeAsync(filters.Build());
        using var json = new JsonBuffer();
        await PublishAsync(client, topics.Info, InfoMessage.Write(json, Info(id)).ToArray());
        var status = StatusMessage.Write(
            json,
            id,
            "871fee809c61",
            ServiceState.Online,
            [],
            DateTimeOffset.UtcNow,
            new LinkDrops(0, 0, 0, 0)
        );
        await PublishAsync(client, topics.Status, status.ToArray());
        var report = new UpdateReport(UpdateReport.Active, "squeezesam", 7, 12);
        var state = ModelStateMessage.Write(json, id, "871fee809c61", "north", report, Model, DateTimeOffset.UtcNow);
        await PublishAsync(client, topics.ModelState, state.ToArray());
    }

    /// <summary>Median time from connecting until the retained manifest has come and the own topics are acknowledged, in ms.</summary>
    private static async Task<double> JoinAsync(MqttClientFactory factory, int port, string name)
    {
        var times = new List<double>();
        for (var i = 0; i < Joins; i++)
        {
            var since = Stopwatch.GetTimestamp();
            using var client = factory.CreateMqttClient();
            var manifest = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            client.ApplicationMessageReceivedAsync += m =>
            {
                if (m.ApplicationMessage.Topic == Desired)
                    manifest.TrySetResult();
                return Task.CompletedTask;
            };
            await client.ConnectAsync(FleetBench.Options(port, $"{name}-{i}"));
            await BeginAsync(client, $"{name}-{i}");
            await manifest.Task.WaitAsync(TimeSpan.FromSeconds(60));
            times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            foreach (var topic in new[] { "info", "status", "model/state" })
                await PublishAsync(client, $"edgeseg/v1/{name}-{i}/{topic}", []);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static async Task<CommandRun> CommandAsync(string program, string[] words)
    {
        var since = Stopwatch.GetTimestamp();
        using var process = Process.Start(
            new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var peak = 0L;
        while (!process.WaitForExit(5))
        {
            process.Refresh();
            peak = Math.Max(peak, process.HasExited ? 0 : process.PeakWorkingSet64);
        }

        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var text = (await output).TrimEnd();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', words)}: {await errors}");
        return new CommandRun(seconds, peak / 1048576.0, text[(text.LastIndexOf('\n') + 1)..]);
    }

    private static ModelInfo Model => new("squeezesam", "7", new string('0', 64), "int8");

    private static InfoContent Info(string id) =>
        new()
        {
            Device = id,
            Session = "871fee809c61",
            Fleet = "north",
            Tags = ["dock", "ring-1"],
            Versions = [new("edgeseg", "0.1.0"), new("onnxruntime", "1.31.1"), new("opencv", "4.6.0")],
            Models = [new InfoModel("segmenter", Model, "Apache-2.0", Zoom: true, NegativeClicks: false)],
            Provider = "CPUExecutionProvider",
            PrecisionReason = "int8: the CPU has dot product instructions",
            Cameras = [new InfoCamera("front", "v4l2", 640, 480, new LiveSettings(CameraMode.Continuous, 0, 1, 0, .001))],
            Commands = CameraCommand.Understood,
        };

    private static Task<MqttClientPublishResult> PublishAsync(IMqttClient client, string topic, byte[] payload) =>
        client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic(topic)
                .WithRetainFlag()
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .WithPayload(payload)
                .Build()
        );
}
