using System.Globalization;
using EdgeSeg.Platform;

namespace EdgeSeg.Telemetry;

/// <summary>
/// State of the board. A value that the system does not report is null or an empty list, and is left out of messages: absent is not zero.
/// </summary>
/// <param name="Zones">Temperatures.</param>
/// <param name="Throttling">Null: not reported.</param>
/// <param name="Rails">Power drawn.</param>
/// <param name="MemoryAvailableBytes">What programs can still get without swapping (MemAvailable).</param>
/// <param name="MemoryTotalBytes">All memory that the kernel manages.</param>
/// <param name="DiskFreeBytes">Free for us on the disk of the state folder.</param>
internal sealed record DeviceVitals(
    IReadOnlyList<ThermalZone> Zones,
    Throttling? Throttling,
    IReadOnlyList<PowerRail> Rails,
    long? MemoryAvailableBytes,
    long? MemoryTotalBytes,
    long? DiskFreeBytes
)
{
    /// <summary>Reads everything; takes a few milliseconds and allocates, so it is for the control loop, once an interval.</summary>
    /// <param name="stateDir">Its disk is looked at.</param>
    /// <param name="sys">The folder of /sys.</param>
    /// <param name="proc">The folder of /proc.</param>
    public static DeviceVitals Read(string stateDir, string sys = "/sys", string proc = "/proc")
    {
        var memory = Sensors.Text(proc, "meminfo");
        return new DeviceVitals(
            Sensors.Zones(sys),
            Sensors.Throttled(sys),
            Sensors.Rails(sys),
            MemoryBytes(memory, "MemAvailable:"),
            MemoryBytes(memory, "MemTotal:"),
            DiskSpace.FreeBytes(stateDir)
        );
    }

    /// <summary>A line of /proc/meminfo, which counts in KiB.</summary>
    internal static long? MemoryBytes(string meminfo, string name)
    {
        foreach (var line in meminfo.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(name, StringComparison.Ordinal))
                continue;
            var value = line[name.Length..].Trim();
            var end = value.IndexOf(' ');
            return end > 0 && long.TryParse(value[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var kib) ? kib << 10 : null;
        }

        return null;
    }
}
