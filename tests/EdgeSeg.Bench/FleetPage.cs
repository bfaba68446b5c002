using System.Globalization;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.Bench;

/// <summary>Writes docs/fleet.md: the measured figures, and what follows from them.</summary>
internal static class FleetPage
{
    private const int Envelope = 60;

    public static string Text(LoadOutcome load, CrowdOutcome crowd, string machine, IReadOnlyList<int> maskSizes)
    {
        var mean = maskSizes.Average();
        var perDevice = FleetBench.MasksASecond * (mean + Envelope) + (load.TelemetryBytes + Envelope) / 10.0;
        var text = new StringBuilder();
        text.Append("# A fleet\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Made by `./build.sh bench fleet` on {machine}. Each figure is from one run.\n");
        Traffic(text, load, maskSizes, perDevice);
        Load(text, load);
        Crowd(text, crowd);
        Cluster(text, 100.0 * FleetBench.MasksASecond * (mean + Envelope) / perDevice);
        return text.ToString();
    }

    private static void Traffic(StringBuilder text, LoadOutcome load, IReadOnlyList<int> maskSizes, double perDevice)
    {
        var rate = FleetBench.MasksASecond + 0.1;
        text.Append("\n## What a device sends\n\n| message | bytes | |\n|---|---|---|\n");
        text.Append($"| mask | {N(maskSizes.Average(), "0")} (mean; {maskSizes.Min()} to {maskSizes.Max()}) | ");
        text.Append(
            "the model on the five demo photographs, 451 to 640 pixels wide; about twice that at "
                + "1280x720, where outlines are longer |\n"
        );
        text.Append($"| telemetry | {load.TelemetryBytes} | one camera, every stage |\n");
        text.Append("| status, info, model/state, camera state, alerts | below 2 KB each | retained; sent when they change |\n\n");
        text.Append(
            $"At {FleetBench.MasksASecond} masks a second and telemetry every 10 s, with {Envelope} bytes " + "of MQTT and TCP for each "
        );
        text.Append($"message: {N(rate)} messages and {N(perDevice / 1000)} KB a second for each device.\n\n");
        text.Append(
            "| devices | messages a second | Mbit a second to the broker, and to each reader of "
                + "everything | GB a day |\n|---|---|---|---|\n"
        );
        foreach (var devices in (ReadOnlySpan<int>)[200, 1000, 10_000, 100_000])
        {
            text.Append($"| {devices} | {N(devices * rate, "0")} | {N(devices * perDevice * 8 / 1e6)} | ");
            text.Append($"{N(devices * perDevice * 86400 / 1e9, "0")} |\n");
        }

        var expiry = MqttSettings.DefaultMaskExpiryS;
        text.Append($"\nMasks are sent at QoS 0 with an expiry of {expiry} s: a slow reader costs the broker {expiry} s of them. ");
        text.Append("Publishing fewer frames (`max_fps`, `interval`, `on_trigger`) divides these figures.\n");
    }

    private static void Load(StringBuilder text, LoadOutcome o)
    {
        var (rate, asked) = (o.Received / o.Seconds, FleetBench.Devices * FleetBench.MasksASecond);
        text.Append($"\n## One mosquitto with {FleetBench.Devices} busy devices\n\n");
        text.Append(
            $"{FleetBench.Devices} clients in one process, each {FleetBench.MasksASecond} masks of " + $"{o.MaskBytes} bytes a second and "
        );
        text.Append($"telemetry, for {N(o.Seconds, "0")} s; one reader of `edgeseg/v1/#`; all on one machine, over loopback.\n\n");
        text.Append("| figure | value | reference in the run |\n|---|---|---|\n");
        text.Append(
            $"| messages sent, received | {o.Sent}, {o.Received} "
                + $"({N(100.0 * o.Received / o.Sent, "0.00")} %) | every message sent |\n"
        );
        text.Append($"| rate through the broker | {N(rate, "0")} messages, {N(o.Bytes * 8 / o.Seconds / 1e6)} Mbit a second | ");
        text.Append($"{asked} masks a second asked for |\n");
        text.Append($"| client to broker to reader, p50, p99 | {N(o.P50Ms)} ms, {N(o.P99Ms)} ms | a mask expires after ");
        text.Append($"{MqttSettings.DefaultMaskExpiryS} s |\n");
        text.Append($"| processor of the broker | {N(o.Cores * 100)} % of a core | {N(o.Cores * 1e6 / rate, "0")} µs a message |\n");
        text.Append($"| memory of the broker | {N(o.BrokerMiB, "0")} MiB | |\n\n");
        text.Append(
            "At that cost one core of this machine carries "
                + $"{N(rate / o.Cores / (FleetBench.MasksASecond + 0.1), "0")} such devices with "
        );
        text.Append("one reader of everything; mosquitto uses one core. Every further reader costs as much again.\n");
    }

    private static void Crowd(StringBuilder text, CrowdOutcome o)
    {
        text.Append($"\n## The operator's commands with {o.Devices} devices\n\n");
        text.Append(
            $"{o.Devices} connected light clients with {o.Retained} retained messages (`info`, `status`, "
                + "`model/state`) on one mosquitto, "
        );
        text.Append("each subscribed to its model topics and those of its fleet.\n\n");
        text.Append("| figure | value |\n|---|---|\n");
        text.Append(
            $"| `edgeseg model status --fleet north` | {N(o.Status.Seconds)} s, peak memory "
                + $"{N(o.Status.PeakMiB, "0")} MiB; last line "
        );
        text.Append($"`{o.Status.LastLine}` |\n");
        text.Append(
            $"| `edgeseg model plan --fleet north --count 2` | {N(o.Plan.Seconds)} s, peak memory "
                + $"{N(o.Plan.PeakMiB, "0")} MiB; last line "
        );
        text.Append($"`{o.Plan.LastLine}` |\n");
        text.Append("| a device from connecting to its retained manifest, own topics acknowledged; median | ");
        text.Append($"{N(o.JoinMs)} ms among {o.Devices}, {N(o.AloneMs)} ms alone |\n");
        text.Append($"| a manifest from `publish` to the last of {o.Devices} devices | {N(o.AnnounceMs, "0")} ms |\n");
        text.Append($"| memory of the broker | {N(o.BrokerMiB, "0")} MiB |\n\n");
        text.Append(
            "Both commands end half a second after the last retained message. They subscribe at QoS 0, "
                + "because brokers bound the QoS 1 "
        );
        text.Append(
            "messages that they queue for one client (mosquitto: `max_queued_messages`, 1000) and drop "
                + "the others. They hold one record for "
        );
        text.Append("each device, at most 10000 devices, and wait with reading while the table is behind.\n");
    }

    private static void Cluster(StringBuilder text, double maskShare)
    {
        text.Append("\n## More than one broker\n\n");
        text.Append("Two forms: a cluster (EMQX, HiveMQ, VerneMQ), or a mosquitto for each site with a bridge to a central one. ");
        text.Append(
            $"Masks are {N(maskShare, "0")} % of the bytes, so a bridge forwards `status`, `info`, "
                + "`alert`, `model/state` and `telemetry` "
        );
        text.Append("upwards, `model/desired`, `model/keys/+`, `model/hold` and commands downwards, and leaves masks on the site.\n\n");
        text.Append("What a cluster or a bridge must keep:\n\n");
        text.Append("| property | why | EMQX | mosquitto bridge |\n|---|---|---|---|\n");
        text.Append(
            "| retained messages, over restarts and on every node | a device that connects later finds "
                + "its manifest and the whole key chain; the tools read `info`, `status` and `model/state` | "
        );
        text.Append(
            "`retainer` with disc storage, no expiry for `edgeseg/#`, `max_retained_messages` above 4 "
                + "for each device | `persistence true` on both sides |\n"
        );
        text.Append(
            "| the retain flag as published | a command that is retained by mistake must be seen as one, "
                + "and a bridged manifest must stay retained | default | "
        );
        text.Append("`bridge_outgoing_retain true` (default); topics with `both` or `in` and `out` |\n");
        text.Append(
            $"| messages up to {MessageLimits.MaxMessageBytes} bytes, properties of MQTT 5 | masks with "
                + "outlines; response topics, expiry, content type | `mqtt.max_packet_size` at least 128KB | "
                + "`bridge_protocol_version mqttv50`, `max_packet_size` not lower |\n"
        );
        text.Append(
            "| last will of each device on every node | `status` must become offline wherever it is read "
                + "| default | the will is published on the site and bridged |\n"
        );
        text.Append(
            "| one session for each client id in the whole cluster | two devices with one id are noticed "
                + "(`duplicate-id`) by the takeover | default | `status` shows it: ids are unique in the whole "
                + "fleet |\n"
        );
        text.Append(
            "| access by pattern on the device's id | a device writes below its own id only | "
                + "`authorization` with `${username}` | `pattern` rules of "
                + "[`deploy/mosquitto`](../deploy/mosquitto/README.md) on each site |\n"
        );
        text.Append(
            "| order within a topic | the later manifest or state must win | for each publisher | for " + "each bridge connection |\n\n"
        );
        text.Append(
            "The cluster's own limits are the vendors' figures, for their messages, not measured here: "
                + "EMQX 100 million connections on 23 nodes "
        );
        text.Append(
            "(emqx.com/en/blog/reaching-100m-mqtt-connections-with-emqx-5-0); HiveMQ 200 million "
                + "(hivemq.com/benchmark-200-million); AWS IoT Core "
        );
        text.Append("500,000 connections an account by default, and it closes a connection over a payload above 128 KB.\n");
    }

    private static string N(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
}
