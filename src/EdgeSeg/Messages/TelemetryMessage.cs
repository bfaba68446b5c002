using System.Text.Json.Serialization;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Messages;

/// <summary>Body of <c>telemetry</c>; the figures are those of <see cref="TelemetryInfo"/>, rounded.</summary>
internal sealed record TelemetryBody(
    int V,
    string Device,
    string Session,
    DateTime AtUtc,
    bool ClockSynced,
    double IntervalS,
    double[] LeMs,
    Dictionary<string, CameraBody> Cameras,
    ProcessBody Process,
    GcBody Gc,
    LinkBody Link,
    SwapBody Model,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SampleStats? Samples,
    BoardBody Board
);

/// <summary>A <see cref="CameraTelemetry"/> on the wire.</summary>
internal sealed record CameraBody(
    double FpsIn,
    double FpsOut,
    long Reconnects,
    int FramesHeld,
    Dictionary<string, long> Drops,
    Dictionary<string, StageBody> Stages
);

/// <summary>A <see cref="StageStats"/> on the wire; times in milliseconds.</summary>
internal sealed record StageBody(long Count, double P50, double P95, double P99, double Max, long[] Le);

/// <summary>Memory and processor of <see cref="ProcessStats"/>; null, and left out: not reported by the system.</summary>
internal sealed record ProcessBody(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? RssBytes,
    double CpuPercent
);

/// <summary>The garbage collector of <see cref="ProcessStats"/>.</summary>
internal sealed record GcBody(long AllocatedBytes, int Gen0, int Gen1, int Gen2, int Gen2Total);

/// <summary><see cref="LinkStats"/> on the wire.</summary>
internal sealed record LinkBody(long Sent, long Reconnects, int Waiting, DroppedBody Dropped);

/// <summary><see cref="SwapStats"/> on the wire.</summary>
internal sealed record SwapBody(int Swaps, double LastSwapMs);

/// <summary>Telemetry of an interval, version 1; schema <c>Telemetry</c> in docs/asyncapi.yaml.</summary>
internal static class TelemetryMessage
{
    private static readonly double[] boundsMs = LatencyHistogram.BoundsMs.ToArray();

    public static ReadOnlySpan<byte> Write(JsonBuffer to, TelemetryInfo info)
    {
        var process = info.Process;
        return to.Write(
            new TelemetryBody(
                1,
                info.Device,
                info.Session,
                info.AtUtc.UtcDateTime,
                info.ClockSynced,
                JsonNumbers.Round(info.IntervalS, 3),
                boundsMs,
                info.Cameras.ToDictionary(c => c.Id, Camera),
                new ProcessBody(process.RssBytes, JsonNumbers.Round(process.CpuPercent, 1)),
                new GcBody(process.AllocatedBytes, process.Gen0, process.Gen1, process.Gen2, process.Gen2Total),
                new LinkBody(info.Link.Sent, info.Link.Reconnects, info.Link.Waiting, DroppedBody.Of(info.Link.Drops)),
                new SwapBody(info.Swaps.Count, JsonNumbers.Round(info.Swaps.LastMs, 3)),
                info.Samples,
                BoardBody.Of(info.Board)
            ),
            MessageJson.Default.TelemetryBody
        );
    }

    private static CameraBody Camera(CameraTelemetry camera) =>
        new(
            JsonNumbers.Round(camera.FpsIn, 2),
            JsonNumbers.Round(camera.FpsOut, 2),
            camera.Reconnects,
            camera.FramesHeld,
            new Dictionary<string, long>(camera.Drops),
            camera.Stages.ToDictionary(s => s.Key, s => Stage(s.Value))
        );

    private static StageBody Stage(StageStats stats) =>
        new(
            stats.Count,
            JsonNumbers.Round(stats.P50Ms, 3),
            JsonNumbers.Round(stats.P95Ms, 3),
            JsonNumbers.Round(stats.P99Ms, 3),
            JsonNumbers.Round(stats.MaxMs, 3),
            stats.AtMost
        );
}
