using System.Text.Json;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Publish;

/// <summary>One camera's figures over an interval; <see cref="Reconnects"/> since the session began, <see cref="FramesHeld"/> now. Stages and drop causes that did not occur are left out.</summary>
internal sealed record CameraTelemetry(
    string Id,
    double FpsIn,
    double FpsOut,
    long Reconnects,
    int FramesHeld,
    IReadOnlyList<KeyValuePair<string, long>> Drops,
    IReadOnlyList<KeyValuePair<string, StageFigures>> Stages);

/// <summary>The process over an interval; counts and bytes are of the interval, <see cref="RssBytes"/> and <see cref="Gen2Total"/> are not.</summary>
/// <param name="RssBytes">Resident memory now; null, and then left out, where the system does not tell.</param>
/// <param name="CpuPercent">Of one core: two busy cores are 200.</param>
/// <param name="AllocatedBytes">Managed bytes allocated.</param>
/// <param name="Gen0">Collections of generation 0.</param>
/// <param name="Gen1">Collections of generation 1.</param>
/// <param name="Gen2">Collections of generation 2.</param>
/// <param name="Gen2Total">Collections of generation 2 since the process began.</param>
internal readonly record struct ProcessFigures(
    long? RssBytes, double CpuPercent, long AllocatedBytes, int Gen0, int Gen1, int Gen2, int Gen2Total);

/// <summary>The MQTT link since the session began; <see cref="Waiting"/>: messages that wait now.</summary>
internal readonly record struct LinkFigures(long Sent, long Reconnects, int Waiting, LinkDrops Drops);

/// <summary>All that a telemetry message says.</summary>
internal sealed record TelemetryFacts(
    string Device,
    string Session,
    DateTimeOffset AtUtc,
    bool ClockSynced,
    double IntervalS,
    IReadOnlyList<CameraTelemetry> Cameras,
    ProcessFigures Process,
    LinkFigures Link,
    DeviceVitals Board,
    SwapFigures Swaps);

/// <summary>Models that took the place of another since the session began; <see cref="LastMs"/>: how long the frames waited for the last one.</summary>
internal sealed record SwapFigures(int Count, double LastMs);

/// <summary>Telemetry of an interval, version 1; schema <c>Telemetry</c> in docs/asyncapi.yaml.</summary>
internal static class TelemetryMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, TelemetryFacts facts)
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, facts.Device);
        json.WriteString("session"u8, facts.Session);
        json.WriteString("at_utc"u8, facts.AtUtc.UtcDateTime);
        json.WriteBoolean("clock_synced"u8, facts.ClockSynced);
        json.WriteRounded("interval_s"u8, facts.IntervalS, 3);
        json.WriteStartArray("le_ms"u8);
        foreach (var bound in LatencyHistogram.BoundsMs) json.WriteNumberValue(bound);
        json.WriteEndArray();
        json.WriteStartObject("cameras"u8);
        foreach (var camera in facts.Cameras) WriteCamera(json, camera);
        json.WriteEndObject();
        WriteProcess(json, facts.Process);
        json.WriteStartObject("link"u8);
        json.WriteNumber("sent"u8, facts.Link.Sent);
        json.WriteNumber("reconnects"u8, facts.Link.Reconnects);
        json.WriteNumber("waiting"u8, facts.Link.Waiting);
        WriteLinkDrops(json, facts.Link.Drops);
        json.WriteEndObject();
        json.WriteStartObject("model"u8);
        json.WriteNumber("swaps"u8, facts.Swaps.Count);
        json.WriteRounded("last_swap_ms"u8, facts.Swaps.LastMs, 3);
        json.WriteEndObject();
        BoardFigures.Write(json, facts.Board);
        return to.End();
    }

    internal static void WriteLinkDrops(Utf8JsonWriter json, in LinkDrops drops)
    {
        json.WriteStartObject("dropped"u8);
        json.WriteNumber("full"u8, drops.Full);
        json.WriteNumber("expired"u8, drops.Expired);
        json.WriteNumber("too_large"u8, drops.TooLarge);
        json.WriteNumber("failed"u8, drops.Failed);
        json.WriteEndObject();
    }

    private static void WriteCamera(Utf8JsonWriter json, CameraTelemetry camera)
    {
        json.WriteStartObject(camera.Id);
        json.WriteRounded("fps_in"u8, camera.FpsIn, 2);
        json.WriteRounded("fps_out"u8, camera.FpsOut, 2);
        json.WriteNumber("reconnects"u8, camera.Reconnects);
        json.WriteNumber("frames_held"u8, camera.FramesHeld);
        json.WriteStartObject("drops"u8);
        foreach (var (cause, count) in camera.Drops) json.WriteNumber(cause, count);
        json.WriteEndObject();
        json.WriteStartObject("stages"u8);
        foreach (var (stage, figures) in camera.Stages) WriteStage(json, stage, figures);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteStage(Utf8JsonWriter json, string stage, StageFigures figures)
    {
        json.WriteStartObject(stage);
        json.WriteNumber("count"u8, figures.Count);
        json.WriteRounded("p50"u8, figures.P50Ms, 3);
        json.WriteRounded("p95"u8, figures.P95Ms, 3);
        json.WriteRounded("p99"u8, figures.P99Ms, 3);
        json.WriteRounded("max"u8, figures.MaxMs, 3);
        json.WriteStartArray("le"u8);
        foreach (var count in figures.AtMost) json.WriteNumberValue(count);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteProcess(Utf8JsonWriter json, in ProcessFigures process)
    {
        json.WriteStartObject("process"u8);
        if (process.RssBytes is { } rss) json.WriteNumber("rss_bytes"u8, rss);
        json.WriteRounded("cpu_percent"u8, process.CpuPercent, 1);
        json.WriteEndObject();
        json.WriteStartObject("gc"u8);
        json.WriteNumber("allocated_bytes"u8, process.AllocatedBytes);
        json.WriteNumber("gen0"u8, process.Gen0);
        json.WriteNumber("gen1"u8, process.Gen1);
        json.WriteNumber("gen2"u8, process.Gen2);
        json.WriteNumber("gen2_total"u8, process.Gen2Total);
        json.WriteEndObject();
    }
}
