using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeSeg.Telemetry;

namespace EdgeSeg.EndToEnd;

/// <summary>Resident memory and bytes written of another process, looked at from outside.</summary>
internal sealed class ProcessWatch(int id)
{
    private readonly List<(double S, long Bytes)> resident = [];
    private long began = Stopwatch.GetTimestamp();
    private long writtenBefore;

    /// <summary>Over the time from <see cref="Begin"/>. First and last: the median of the first and the last tenth of the looks.</summary>
    public sealed record Stats(double Seconds, long FirstBytes, long LastBytes, double SlopeBytesPerHour, long WrittenBytes);

    /// <summary>Forgets what was; the steady state begins.</summary>
    public void Begin()
    {
        resident.Clear();
        began = Stopwatch.GetTimestamp();
        writtenBefore = Written();
    }

    public void Look() =>
        resident.Add(
            (
                Stopwatch.GetElapsedTime(began).TotalSeconds,
                TelemetryCollector.ResidentBytes(File.ReadAllText($"/proc/{id}/statm"), Environment.SystemPageSize)!.Value
            )
        );

    public Stats End()
    {
        var tenth = Math.Max(1, resident.Count / 10);
        double meanS = resident.Average(r => r.S),
            mean = resident.Average(r => r.Bytes);
        var slope = resident.Sum(r => (r.S - meanS) * (r.Bytes - mean)) / resident.Sum(r => (r.S - meanS) * (r.S - meanS));
        return new Stats(
            Stopwatch.GetElapsedTime(began).TotalSeconds,
            Median(resident.Take(tenth)),
            Median(resident.TakeLast(tenth)),
            slope * 3600,
            Written() - writtenBefore
        );
    }

    private static long Median(IEnumerable<(double S, long Bytes)> looks) =>
        looks.Select(l => l.Bytes).Order().ToArray() is var all ? all[all.Length / 2] : 0;

    private long Written() =>
        long.Parse(
            File.ReadLines($"/proc/{id}/io").First(l => l.StartsWith("write_bytes:", StringComparison.Ordinal)).Split(' ')[1],
            CultureInfo.InvariantCulture
        );
}

/// <summary>What the soak reads of a telemetry message with one camera.</summary>
internal sealed record SoakTelemetry(
    double FramesIn,
    double FramesOut,
    long AllocatedBytes,
    int Gen0,
    int Gen1,
    int Gen2,
    int FramesHeld,
    int Waiting,
    double P95Ms,
    IReadOnlyList<string> Drops
)
{
    public static SoakTelemetry Read(string text)
    {
        var root = JsonDocument.Parse(text).RootElement;
        var camera = root.GetProperty("cameras").EnumerateObject().Single().Value;
        var gc = root.GetProperty("gc");
        var intervalS = root.GetProperty("interval_s").GetDouble();
        return new SoakTelemetry(
            camera.GetProperty("fps_in").GetDouble() * intervalS,
            camera.GetProperty("fps_out").GetDouble() * intervalS,
            gc.GetProperty("allocated_bytes").GetInt64(),
            gc.GetProperty("gen0").GetInt32(),
            gc.GetProperty("gen1").GetInt32(),
            gc.GetProperty("gen2").GetInt32(),
            camera.GetProperty("frames_held").GetInt32(),
            root.GetProperty("link").GetProperty("waiting").GetInt32(),
            // an interval without a mask has no latency
            camera.GetProperty("stages").TryGetProperty("end_to_end", out var latency)
                ? latency.GetProperty("p95").GetDouble()
                : 0,
            [.. camera.GetProperty("drops").EnumerateObject().Select(d => $"{d.Name} {d.Value}")]
        );
    }
}

internal static partial class Signals
{
    public const int Terminate = 15;

    /// <summary>0 when it was sent.</summary>
    public static int Send(int process, int signal) => kill(process, signal);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int process, int signal);
}
