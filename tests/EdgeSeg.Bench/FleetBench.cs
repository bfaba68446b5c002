using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Bench;

/// <summary>
/// A fleet of light clients in this process, each sending real mask messages and telemetry as a device does, against one mosquitto on
/// loopback, and one reader of everything. Bounded in devices and time.
/// </summary>
internal static class FleetBench
{
    public const int Devices = 200,
        MasksASecond = 2,
        Seconds = 20;

    public sealed record Outcome(
        int MaskBytes,
        int TelemetryBytes,
        long Sent,
        long Received,
        long Bytes,
        double P50Ms,
        double P99Ms,
        double BrokerCores,
        double BrokerMiB,
        double Seconds
    );

    /// <param name="mask">A mask message as the service makes it.</param>
    public static async Task<Outcome> RunAsync(byte[] mask)
    {
        var telemetry = Telemetry();
        var folder = Directory.CreateTempSubdirectory("edgeseg-fleet-");
        var port = FreePort();
        var file = Path.Combine(folder.FullName, "mosquitto.conf");
        await File.WriteAllTextAsync(
            file,
            $"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_connections {Devices + 8}\n"
        );
        using var broker = Process.Start(
            new ProcessStartInfo("/usr/sbin/mosquitto", ["-c", file]) { RedirectStandardError = true, RedirectStandardOutput = true }
        )!;
        broker.BeginErrorReadLine();
        broker.BeginOutputReadLine();
        try
        {
            await Task.Delay(1000);
            return await LoadAsync(port, broker, mask, telemetry);
        }
        finally
        {
            broker.Kill();
            await broker.WaitForExitAsync();
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Outcome> LoadAsync(int port, Process broker, byte[] mask, byte[] telemetry)
    {
        var factory = new MqttClientFactory();
        long received = 0,
            bytes = 0,
            sent = 0;
        var latencies = new System.Collections.Concurrent.ConcurrentBag<double>();
        using var reader = await ConnectAsync(factory, port, "reader");
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
            clients.Add(await ConnectAsync(factory, port, $"robot-{i}"));
        broker.Refresh();
        var (cpu, since) = (broker.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.WhenAll(clients.Select((c, i) => Task.Run(() => DeviceAsync(c, i))));
        broker.Refresh();
        var (seconds, cores) = (
            Stopwatch.GetElapsedTime(since).TotalSeconds,
            (broker.TotalProcessorTime - cpu).TotalSeconds / Stopwatch.GetElapsedTime(since).TotalSeconds
        );
        await Task.Delay(1000);
        var mib = broker.WorkingSet64 / 1048576.0;
        foreach (var client in clients)
        {
            await client.DisconnectAsync();
            client.Dispose();
        }

        double[] sorted = [.. latencies.Order()];
        return new Outcome(
            mask.Length,
            telemetry.Length,
            sent,
            received,
            bytes,
            sorted[sorted.Length / 2],
            sorted[(int)(sorted.Length * 0.99)],
            cores,
            mib,
            seconds
        );

        async Task DeviceAsync(IMqttClient client, int i)
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

        async Task SendAsync(IMqttClient client, string topic, byte[] payload)
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
    }

    public static async Task<IMqttClient> ConnectAsync(MqttClientFactory factory, int port, string id)
    {
        var client = factory.CreateMqttClient();
        await client.ConnectAsync(
            new MqttClientOptionsBuilder()
                .WithTcpServer("127.0.0.1", port)
                .WithClientId(id)
                .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
                .Build()
        );
        return client;
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

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static string Page(Outcome o, string machine, IReadOnlyList<int> maskSizes)
    {
        var text = new StringBuilder();
        double mean = maskSizes.Average(),
            perDevice = MasksASecond * (mean + 60) + (o.TelemetryBytes + 60) / 10.0;
        string N(double v, string f = "0.0") => v.ToString(f, CultureInfo.InvariantCulture);
        text.Append(
            $"""
            # A fleet

            Made by `./build.sh bench fleet` on {machine}; each figure of the load run is from one run.

            ## What a device sends

            | message | bytes | from |
            |---|---|---|
            | mask | {N(
                mean,
                "0"
            )} (mean; {maskSizes.Min()} to {maskSizes.Max()}) | the model on the five demo photographs, 451 to 640 pixels wide; about twice that at 1280x720, where outlines are longer |
            | telemetry | {o.TelemetryBytes} | one camera, every stage |
            | status, info, camera state, alerts | below 2 KB each | retained; only when they change |

            At {MasksASecond} masks a second and telemetry every 10 s, with 60 bytes of MQTT and TCP around each message: {N(
                MasksASecond + 0.1
            )} messages and {N(perDevice / 1000)} KB a second a device.

            | fleet | messages a second | Mbit a second to the broker | the same to each reader of everything | GB a day |
            |---|---|---|---|---|

            """
        );
        foreach (var devices in (ReadOnlySpan<int>)[200, 1000, 10_000, 100_000])
            text.Append(
                $"| {devices} | {N(devices * (MasksASecond + 0.1), "0")} | {N(devices * perDevice * 8 / 1e6)} | {N(devices * perDevice * 8 / 1e6)} | {N(devices * perDevice * 86400 / 1e9, "0")} |\n"
            );
        text.Append(
            $"""

            Masks leave at QoS 0 with an expiry of {MqttSettings.DefaultMaskExpiryS} s: a slow reader costs the broker {MqttSettings.DefaultMaskExpiryS} s of them and no more. `publish` in fewer frames (`max_fps`, `interval`, `on_trigger`) divides the first column.

            ## One mosquitto under {Devices} devices

            {Devices} clients in one process, each {MasksASecond} masks of {o.MaskBytes} bytes a second and telemetry, for {N(
                o.Seconds,
                "0"
            )} s; one reader of `edgeseg/v1/#`; broker, clients and reader on the same machine, over loopback.

            | figure | value | its reference in the run |
            |---|---|---|
            | messages sent, received | {o.Sent}, {o.Received} ({N(100.0 * o.Received / o.Sent, "0.00")} %) | every message sent |
            | rate through the broker | {N(o.Received / o.Seconds, "0")} messages, {N(
                o.Bytes * 8 / o.Seconds / 1e6
            )} Mbit a second | {Devices * MasksASecond} masks a second asked for |
            | client to broker to reader, p50, p99 | {N(o.P50Ms)} ms, {N(
                o.P99Ms
            )} ms | a mask is worth {MqttSettings.DefaultMaskExpiryS} s |
            | broker's processor | {N(o.BrokerCores * 100)} % of a core | {N(
                o.BrokerCores * 1e6 / (o.Received / o.Seconds),
                "0"
            )} µs a message |
            | broker's memory | {N(o.BrokerMiB, "0")} MiB | |

            At that cost a message, one core of this machine carries {N(
                1000 / (o.BrokerCores * 1000 / (o.Received / o.Seconds)) / (MasksASecond + 0.1),
                "0"
            )} such devices with one reader of everything; mosquitto uses one core. Every further reader costs as much again.

            ## Beyond one broker

            A cluster, or a broker a site with a bridge that forwards `status`, `alert` and `telemetry` and keeps masks on the site: masks are {N(
                100.0 * MasksASecond * (mean + 60) / perDevice,
                "0"
            )} % of the bytes. What cluster makers publish that theirs carry (their own figures, for their own messages; not measured here): EMQX, 100 million connections on 23 nodes and up to a million messages a second with them (emqx.com/en/blog/reaching-100m-mqtt-connections-with-emqx-5-0, May 2022); HiveMQ, 200 million connections and a million messages a second at its peak (hivemq.com/benchmark-200-million); AWS IoT Core, 500,000 connections an account unless more is asked for (docs.aws.amazon.com, AWS IoT limits), and it ends a connection over a payload above 128 KB, which is why no message of ours is longer than {MessageLimits.MaxMessageBytes} bytes.

            Topics begin with the device, so a broker's access list is one pattern a device ([deploy/mosquitto](../deploy/mosquitto/README.md)). Two devices with one id are noticed (`duplicate-id`) and slow down to one connection in minutes.

            """
        );
        return text.ToString();
    }
}
