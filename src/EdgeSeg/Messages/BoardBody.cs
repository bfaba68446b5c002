using System.Text.Json.Serialization;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Messages;

/// <summary>
/// The <c>board</c> of a telemetry message; schema <c>Board</c> in docs/asyncapi.yaml. What the system does not report is null and left
/// out.
/// </summary>
internal sealed record BoardBody
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, double>? TemperatureC { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ThrottlingBody? Throttling { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, double>? PowerW { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MemoryAvailableBytes { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MemoryTotalBytes { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? DiskFreeBytes { get; init; }

    public static BoardBody Of(DeviceVitals board) =>
        new()
        {
            TemperatureC = board.Zones.Count > 0 ? board.Zones.ToDictionary(z => z.Zone, z => Math.Round(z.DegreesC, 1)) : null,
            Throttling = board.Throttling is { } throttling ? new ThrottlingBody(throttling.Now, throttling.SinceBoot) : null,
            PowerW = board.Rails.Count > 0 ? board.Rails.ToDictionary(r => r.Rail, r => Math.Round(r.Watts, 3)) : null,
            MemoryAvailableBytes = board.MemoryAvailableBytes,
            MemoryTotalBytes = board.MemoryTotalBytes,
            DiskFreeBytes = board.DiskFreeBytes,
        };
}

/// <summary>Words of the causes; <see cref="SinceBoot"/> is null, and left out, where the board does not remember.</summary>
internal sealed record ThrottlingBody(
    IReadOnlyList<string> Now,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? SinceBoot
);
