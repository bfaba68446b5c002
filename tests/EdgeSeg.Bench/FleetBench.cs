using System.Collections.Concurrent;
using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Bench;

/// <summary>The figures of the load run. Times in ms, sizes in bytes, <see cref="Cores"/> in cores.</summary>
internal sealed record LoadOutcome(
    int MaskBytes,
    int TelemetryBytes,
    long Sent,
    long Received,
    long Bytes,
    double P50Ms,
    double P99Ms,
    double Cores,
    double BrokerMiB,
    double Seconds
);

/// <summary>
/// A fleet of light clients in this process, each sending real mask messages and telemetry as a device does, against one mosquitto on
/// loopback, and one reader of everything. Bounded in devices and time.
/// </summary>
internal sealed class FleetBench(byte[] mask, byte[] telemetry)
{
    public const int Devices = 200;
    public const int MasksASecond = 2;
    private const int Seconds = 20;

    private readonly ConcurrentBag<double> latencies = [];
    private long received;
    private long bytes;
    private long sent;

    /// <param name="mask">A mask message as the service makes it.</param>
    public static async Task<LoadOutcome> RunAsync(byte[] mask)
    {
        await using var broker = await BenchBroker.StartAsync(Devices + 8);
        return await new FleetBench(mask, Telemetry()).LoadAsync(broker);
    }

    public static MqttClientOptions Options(int port, string id) =>
        new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", port)
            .WithClientId(id)
            .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
            .Build();

    public static async Task<IMqttClient> ConnectAsync(MqttClientFactory factory, int port, string id)
    {
        var client = factory.CreateMqttClient();
        await client.ConnectAsync(Options(port, id));
        return client;
    }

    private async Task<LoadOutcome> LoadAsync(BenchBroker broker)
    {
        var factory = new MqttClientFactory();
        using var reader = await ConnectAsync(factory, broker.Port, "reader");
        reader.ApplicationMessageReceivedAsync += m =>
        {
            Interlocked.Increment(ref received);
            Interlocked.Add(ref bytes, m.ApplicationMessage.Payload.Length);
            if (m.ApplicationMessage.CorrelationData is { Length: 8 } stamp)
                latencies.Add(Stopwatch.GetElapsedTime(BitConverter.ToInt64(stamp)).TotalMilliseconds);
            return Task.CompletedTask;
        };
        await reader.SubscribeAsync("edgeseg/v1/#");
        var clients = new List<IMqttClient>();
        for (var i = 0; i < Devices; i++)
            clients.Add(await ConnectAsync(factory, broker.Port, $"robot-{i}"));
        var (cpu, since) = (broker.Cpu, Stopwatch.GetTimestamp());
        await Task.WhenAll(clients.Select((c, i) => Task.Run(() => SendAllAsync(c, i))));
        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var cores = (broker.Cpu - cpu).TotalSeconds / seconds;
        await Task.Delay(1000);
        var mib = broker.MiB;
        foreach (var client in clients)
            client.Dispose();
        double[] sorted = [.. latencies.Order()];
        var (p50, p99) = (sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);
        return new LoadOutcome(mask.Length, telemetry.Length, sent, received, bytes, p50, p99, cores, mib, seconds);
    }

    private async Task SendAllAsync(IMqttClient client, int i)
    {
        // devices were switched on at different times
        await Task.Delay(i * 1000 / MasksASecond / Devices);
        var began = Stopwatch.GetTimestamp();
        for (var n = 0; n < Seconds * MasksASecond; n++)
        {
            await SendAsync(client, $"edgeseg/v1/robot-{i}/cam/front/mask", mask);
            if (n % (10 * MasksASecond) == 0)
                await SendAsync(client, $"edgeseg/v1/robot-{i}/telemetry", telemetry);
            var waitMs = (n + 1) * 1000.0 / MasksASecond - Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (waitMs > 0)
                await Task.Delay((int)waitMs);
        }
    }

    private async Task SendAsync(IMqttClient client, string topic, byte[] payload)
    {
        await client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic(topic)
                .WithPayload(payload)
                .WithContentType("application/json")
                .WithCorrelationData(BitConverter.GetBytes(Stopwatch.GetTimestamp()))
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtMostOnce)
                .Build()
        );
        Interlocked.Increment(ref sent);
    }

    private static byte[] Telemetry()
    {
        var reporter = new TelemetryCollector("robot-7", "871fee809c61", ["front"], TimeProvider.System);
        var times = StageTimes.None;
        for (var i = 0; i < StageTimes.Count; i++)
            times[(Stage)i] = 1 + i;
        for (var i = 0; i < 20; i++)
            reporter.Camera("front").CountOut(times, 40);
        using var json = new JsonBuffer();
        return TelemetryMessage
            .Write(json, reporter.Take(default, DeviceVitals.Read(Path.GetTempPath()), new SwapStats(0, 0), true))
            .ToArray();
    }
}
