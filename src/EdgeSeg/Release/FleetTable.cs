using System.Globalization;

namespace EdgeSeg.Release;

/// <summary>The newest state of each device, as a table.</summary>
internal sealed class FleetTable
{
    private static readonly string[] head = ["DEVICE", "STATE", "ACTIVE", "ASKED FOR", "SERIAL", "PROGRESS", "AT", "REASON"];

    private readonly SortedDictionary<string, DeviceModelState> devices = new(StringComparer.Ordinal);

    // also of devices whose model/state has not come yet; at most as many as the table has room for
    private readonly HashSet<string> offline = new(StringComparer.Ordinal);

    public int Count => devices.Count;

    public bool Has(string device) => devices.ContainsKey(device);

    /// <summary>False: there is no room for one more device.</summary>
    public bool Set(DeviceModelState state)
    {
        if (devices.Count >= ReleaseLimits.MaxFleetDevices && !devices.ContainsKey(state.Device))
            return false;
        devices[state.Device] = state;
        return true;
    }

    public void Remove(string device) => devices.Remove(device);

    /// <summary>Notes whether a device is connected. Returns its line where it is in the table and this is news; else null.</summary>
    public string? SetOffline(string device, bool isOffline)
    {
        var isNews = isOffline ? offline.Count < ReleaseLimits.MaxFleetDevices && offline.Add(device) : offline.Remove(device);
        return isNews && devices.TryGetValue(device, out var state) ? Line(state) : null;
    }

    /// <summary>Head, a line for each device, and a summary of their states.</summary>
    public IReadOnlyList<string> Lines()
    {
        var rows = devices.Values.Select(Cells).Prepend(head).ToList();
        var widths = Enumerable.Range(0, head.Length).Select(i => rows.Max(r => r[i].Length)).ToArray();
        var lines = rows.Select(r => string.Join("  ", r.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()).ToList();
        var counts = devices.Values.GroupBy(d => d.State).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}");
        var away = devices.Keys.Count(offline.Contains);
        lines.Add(
            $"{devices.Count} device{(devices.Count == 1 ? "" : "s")}: {string.Join(", ", counts)}{(away == 0 ? "" : $"; {away} offline")}"
        );
        return lines;
    }

    /// <summary>One device on one line, for a log.</summary>
    public string Line(DeviceModelState state) => string.Join("  ", Cells(state).Select(c => c.Length == 0 ? "-" : c));

    private string[] Cells(DeviceModelState s) =>
        [
            s.Device,
            offline.Contains(s.Device) ? $"{s.State} (offline)" : s.State,
            s.Active ?? "",
            s.Name is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Version}").TrimEnd(),
            s.Serial?.ToString(CultureInfo.InvariantCulture) ?? "",
            Progress(s),
            Seconds(s.At ?? ""),
            s.Reason is null ? ""
            : s.Text is null ? s.Reason
            : $"{s.Reason}: {s.Text}",
        ];

    /// <summary>A time without its fraction.</summary>
    private static string Seconds(string at) => at.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? at[..dot] + "Z" : at;

    private static string Progress(DeviceModelState s)
    {
        if (s.Bytes is not { } bytes)
            return "";
        return s.BytesTotal is > 0 and { } total
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(100.0 * bytes / total, 0, 100):0} % of {total / 1e6:0.0} MB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");
    }
}
