using System.Text.Json;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Messages;

/// <summary>The <c>board</c> of a telemetry message; schema <c>Board</c> in docs/asyncapi.yaml. What is not known is left out.</summary>
internal static class BoardStats
{
    public static void Write(Utf8JsonWriter json, DeviceVitals board)
    {
        json.WriteStartObject("board"u8);
        if (board.Zones.Count > 0)
        {
            json.WriteStartObject("temperature_c"u8);
            foreach (var zone in board.Zones)
                json.WriteNumber(zone.Zone, Math.Round(zone.DegreesC, 1));
            json.WriteEndObject();
        }

        if (board.Throttling is { } throttling)
        {
            json.WriteStartObject("throttling"u8);
            WriteCauses(json, "now"u8, throttling.Now);
            if (throttling.SinceBoot is { } since)
                WriteCauses(json, "since_boot"u8, since);
            json.WriteEndObject();
        }

        if (board.Rails.Count > 0)
        {
            json.WriteStartObject("power_w"u8);
            foreach (var rail in board.Rails)
                json.WriteNumber(rail.Rail, Math.Round(rail.Watts, 3));
            json.WriteEndObject();
        }

        if (board.MemoryAvailableBytes is { } available)
            json.WriteNumber("memory_available_bytes"u8, available);
        if (board.MemoryTotalBytes is { } total)
            json.WriteNumber("memory_total_bytes"u8, total);
        if (board.DiskFreeBytes is { } free)
            json.WriteNumber("disk_free_bytes"u8, free);
        json.WriteEndObject();
    }

    private static void WriteCauses(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> causes)
    {
        json.WriteStartArray(name);
        foreach (var cause in causes)
            json.WriteStringValue(cause);
        json.WriteEndArray();
    }
}
