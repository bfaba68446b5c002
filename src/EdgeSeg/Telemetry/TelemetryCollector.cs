using System.Globalization;
using EdgeSeg.Platform;

namespace EdgeSeg.Telemetry;

/// <summary>
/// Collects the figures of every camera and of the process, and takes them together an interval at a time. Writers go through
/// <see cref="Camera"/> and never allocate; <see cref="Take"/> belongs to one control thread.
/// </summary>
internal sealed class TelemetryCollector
{
    private readonly string device,
        session;
    private readonly TimeProvider time;
    private readonly Dictionary<string, CameraStats> cameras = new(StringComparer.Ordinal);
    private long lastStamp;
    private TimeSpan lastCpu;
    private long lastAllocated;
    private int lastGen0,
        lastGen1,
        lastGen2;

    public TelemetryCollector(string device, string session, IEnumerable<string> cameraIds, TimeProvider time)
    {
        (this.device, this.session, this.time) = (device, session, time);
        foreach (var id in cameraIds)
            cameras.Add(id, new CameraStats(id));
        lastStamp = time.GetTimestamp();
        TakeProcess(1);
    }

    /// <exception cref="KeyNotFoundException">No such camera.</exception>
    public CameraStats Camera(string id) => cameras[id];

    /// <summary>The values since the last call; those of the link, the board, the model swaps and the clock are passed through.</summary>
    public TelemetryInfo Take(in LinkStats link, DeviceVitals board, SwapStats swaps, bool clockSynced)
    {
        var now = time.GetTimestamp();
        var intervalS = Math.Max(time.GetElapsedTime(lastStamp, now).TotalSeconds, 0.001);
        lastStamp = now;
        var taken = new List<CameraTelemetry>(cameras.Count);
        foreach (var camera in cameras.Values)
            taken.Add(camera.Take(intervalS));
        return new TelemetryInfo(
            device,
            session,
            time.GetUtcNow(),
            clockSynced,
            intervalS,
            taken,
            TakeProcess(intervalS),
            link,
            board,
            swaps
        );
    }

    /// <summary>Resident bytes out of the text of /proc/self/statm (pages: size, resident, ...); null when it is not such a text.</summary>
    internal static long? ResidentBytes(ReadOnlySpan<char> statm, int pageBytes)
    {
        var from = statm.IndexOf(' ') + 1;
        if (from == 0)
            return null;
        var rest = statm[from..];
        var to = rest.IndexOf(' ');
        return to > 0 && long.TryParse(rest[..to], NumberStyles.None, CultureInfo.InvariantCulture, out var pages)
            ? pages * pageBytes
            : null;
    }

    private ProcessStats TakeProcess(double intervalS)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var allocated = GC.GetTotalAllocatedBytes();
        int gen0 = GC.CollectionCount(0),
            gen1 = GC.CollectionCount(1),
            gen2 = GC.CollectionCount(2);
        var figures = new ProcessStats(
            Rss(),
            (cpu - lastCpu).TotalSeconds / intervalS * 100,
            allocated - lastAllocated,
            gen0 - lastGen0,
            gen1 - lastGen1,
            gen2 - lastGen2,
            gen2
        );
        (lastCpu, lastAllocated, lastGen0, lastGen1, lastGen2) = (cpu, allocated, gen0, gen1, gen2);
        return figures;
    }

    private static long? Rss()
    {
        try
        {
            return ResidentBytes(SmallFile.Text("/proc/self/statm"), Environment.SystemPageSize);
        }
        catch (IOException)
        {
            // no /proc (a developer's own machine): the figure is absent, nothing else is
            return null;
        }
    }
}
