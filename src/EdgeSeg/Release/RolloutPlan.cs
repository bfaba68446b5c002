using System.Globalization;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Release;

/// <summary>Which devices of a fleet a roll-out takes, decided by the code that the devices use.</summary>
internal static class RolloutPlan
{
    private static readonly string[] head = ["DEVICE", "STATUS", "MODEL", "TAGS", "SHARE", "TAKES PART"];

    /// <summary>
    /// The first devices in the order of the salt, so that a greater count with the same salt holds the devices of the smaller one, as long
    /// as these stay online. Devices that are offline come last: they would not be updated now.
    /// </summary>
    /// <exception cref="OperatingException">There are fewer devices.</exception>
    public static IReadOnlyList<string> Pick(IReadOnlyList<FleetDevice> devices, int count, string salt, IReadOnlyList<string>? tags)
    {
        string[] chosen =
        [
            .. devices
                .Where(d => tags is null || tags.Intersect(d.Tags, StringComparer.Ordinal).Any())
                .OrderBy(d => d.IsOffline ? 1 : 0)
                .ThenBy(d => RolloutShare.Of(salt, d.Device))
                .ThenBy(d => d.Device, StringComparer.Ordinal)
                .Select(d => d.Device)
                .Take(count),
        ];
        return chosen.Length == count
            ? [.. chosen.Order(StringComparer.Ordinal)]
            : throw new OperatingException(
                $"--count {count}: only {chosen.Length} devices of this fleet {(tags is null ? "are known" : "have these tags")}"
            );
    }

    public static IEnumerable<string> Taken(Rollout? rollout, IReadOnlyList<FleetDevice> devices) =>
        devices.Where(d => TakesPart(rollout, d)).Select(d => d.Device);

    /// <summary>How many of the devices that take part are offline; null: none.</summary>
    public static string? Offline(Rollout? rollout, IReadOnlyList<FleetDevice> devices)
    {
        var offline = devices.Count(d => d.IsOffline && TakesPart(rollout, d));
        return offline == 0
            ? null
            : $"{offline} of the chosen devices {(offline == 1 ? "is" : "are")} offline: updated once connected again";
    }

    /// <summary>Head, a line for each device, and a summary.</summary>
    public static IReadOnlyList<string> Lines(Rollout? rollout, IReadOnlyList<FleetDevice> devices)
    {
        var rows = devices.Select(d => Cells(rollout, d)).Prepend(head).ToList();
        var widths = Enumerable.Range(0, head.Length).Select(i => rows.Max(r => r[i].Length)).ToArray();
        var lines = rows.Select(r => string.Join("  ", r.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()).ToList();
        var taken = Taken(rollout, devices).ToList();
        var missing = rollout?.Devices?.Except(devices.Select(d => d.Device), StringComparer.Ordinal).ToList() ?? [];
        if (missing.Count > 0)
            lines.Add($"not on this broker: {string.Join(",", missing)}");
        if (Offline(rollout, devices) is { } offline)
            lines.Add(offline);
        lines.Add($"{taken.Count} of {devices.Count} devices take part{(taken.Count > 0 ? $": {string.Join(",", taken)}" : "")}");
        return lines;
    }

    private static bool TakesPart(Rollout? rollout, FleetDevice device) =>
        rollout is null || RolloutShare.Exclusion(rollout, device.Device, device.Tags) is null;

    private static string[] Cells(Rollout? rollout, FleetDevice d) =>
        [
            d.Device,
            d.Status ?? "",
            d.Model ?? "",
            string.Join(",", d.Tags),
            rollout is null ? "" : RolloutShare.Of(rollout.Salt, d.Device).ToString("0.0", CultureInfo.InvariantCulture),
            TakesPart(rollout, d) ? "yes" : "no",
        ];
}
