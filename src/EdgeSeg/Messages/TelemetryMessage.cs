using System.Text.Json;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Messages;

/// <summary>Telemetry of an interval, version 1; schema <c>Telemetry</c> in docs/asyncapi.yaml.</summary>
internal static class TelemetryMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, TelemetryInfo facts)
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, facts.Device);
        json.WriteString("session"u8, facts.Session);
        json.WriteString("at_utc"u8, facts.AtUtc.UtcDateTime);
        json.WriteBoolean("clock_synced"u8, facts.ClockSynced);
        json.WriteRounded("interval_s"u8, facts.IntervalS, 3);
        json.WriteStartArray("le_ms"u8);
        foreach (var bound in LatencyHistogram.BoundsMs)
            json.WriteNumberValue(bound);
        json.WriteEndArray();
        json.WriteStartObject("cameras"u8);
        foreach (var camera in facts.Cameras)
            WriteCamera(json, camera);
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
        BoardStats.Write(json, facts.Board);
        return to.End();
    }

    internal static void WriteLinkDrops(Utf8JsonWriter json, in LinkDrops drops)
    {
        json.WriteStartObject("dropped"u8);
        json.WriteNumber("full"u8, drops.Full);
        json.WriteNumber("expired"u8, drops.Expired);
        json.WriteNumber("too_large"u8, drops.TooLarge);
        json.WriteNumber("failed"u8, drops.Failed);
        json.WriteNumber("refused"u8, drops.Refused);
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
        foreach (var (cause, count) in camera.Drops)
            json.WriteNumber(cause, count);
        json.WriteEndObject();
        json.WriteStartObject("stages"u8);
        foreach (var (stage, figures) in camera.Stages)
            WriteStage(json, stage, figures);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteStage(Utf8JsonWriter json, string stage, StageStats figures)
    {
        json.WriteStartObject(stage);
        json.WriteNumber("count"u8, figures.Count);
        json.WriteRounded("p50"u8, figures.P50Ms, 3);
        json.WriteRounded("p95"u8, figures.P95Ms, 3);
        json.WriteRounded("p99"u8, figures.P99Ms, 3);
        json.WriteRounded("max"u8, figures.MaxMs, 3);
        json.WriteStartArray("le"u8);
        foreach (var count in figures.AtMost)
            json.WriteNumberValue(count);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteProcess(Utf8JsonWriter json, in ProcessStats process)
    {
        json.WriteStartObject("process"u8);
        if (process.RssBytes is { } rss)
            json.WriteNumber("rss_bytes"u8, rss);
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
