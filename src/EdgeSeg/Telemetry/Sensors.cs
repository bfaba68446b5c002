using System.Globalization;
using EdgeSeg.Platform;

namespace EdgeSeg.Telemetry;

/// <summary>One temperature. <see cref="Zone"/>: the kernel's name of it, with a number behind where several have the same.</summary>
internal readonly record struct ThermalZone(string Zone, double DegreesC);

/// <summary>One supply rail that the board measures, by the kernel's label.</summary>
internal readonly record struct PowerRail(string Rail, double Watts);

/// <summary>
/// Why the board runs, or has run, slower than it could: <c>under_voltage</c>, <c>frequency_capped</c>, <c>throttled</c>,
/// <c>soft_temperature_limit</c> (Raspberry Pi's firmware) and <c>cooling</c> (the kernel holds the processor back because of heat).
/// <see cref="SinceBoot"/> is null where nothing remembers; the firmware does.
/// </summary>
internal sealed record Throttling(IReadOnlyList<string> Now, IReadOnlyList<string>? SinceBoot);

/// <summary>
/// What the kernel shows of the board's heat, power and throttling. Each reading takes the folder of /sys, so that tests can lay out their
/// own; what is not there is absent, never zero.
/// </summary>
internal static class Sensors
{
    public const string UnderVoltage = "under_voltage";
    public const string Cooling = "cooling";

    // the bits of get_throttled, "now" in the first four; 16 higher: since boot
    private static readonly string[] firmwareFlags = [UnderVoltage, "frequency_capped", "throttled", "soft_temperature_limit"];

    // cooling devices that slow a processor down: Linux' thermal-cpufreq-N and devfreq ones, ACPI's Processor, Jetson's cpu-throttle-alert
    // and the like.
    // A fan that turns is no throttling.
    private static readonly string[] slowing = ["cpufreq", "devfreq", "throttle-alert", "Processor"];

    public static IReadOnlyList<ThermalZone> Zones(string sys)
    {
        var zones = new List<ThermalZone>();
        foreach (var zone in Entries(sys, "class/thermal", "thermal_zone*"))
        {
            // a disabled zone answers with an error, or with -256 degrees
            if (Number(zone, "temp") is not (> 0 and var milli))
                continue;
            var type = Text(zone, "type");
            zones.Add(new ThermalZone(Distinct(type.Length > 0 ? type : "zone", name => zones.Any(z => z.Zone == name)), milli / 1000.0));
        }

        return zones;
    }

    /// <summary>Null when neither the firmware nor a cooling device of the processor reports it.</summary>
    public static Throttling? Throttled(string sys)
    {
        List<string> now = [];
        List<string>? since = null;
        var isReported = false;
        var firmware = Text(Path.Combine(sys, "devices/platform/soc/soc:firmware"), "get_throttled");
        if (
            uint.TryParse(
                firmware.Replace("0x", "", StringComparison.Ordinal),
                NumberStyles.HexNumber,
                CultureInfo.InvariantCulture,
                out var bits
            )
        )
        {
            isReported = true;
            since = [];
            for (var i = 0; i < firmwareFlags.Length; i++)
            {
                if ((bits >> i & 1) != 0)
                    now.Add(firmwareFlags[i]);
                if ((bits >> (16 + i) & 1) != 0)
                    since.Add(firmwareFlags[i]);
            }
        }

        foreach (var device in Entries(sys, "class/thermal", "cooling_device*"))
        {
            var type = Text(device, "type");
            if (!slowing.Any(s => type.Contains(s, StringComparison.Ordinal)) || Number(device, "cur_state") is not { } state)
                continue;
            isReported = true;
            if (state > 0 && !now.Contains(Cooling))
                now.Add(Cooling);
        }

        return isReported ? new Throttling(now, since) : null;
    }

    /// <summary>
    /// The rails of INA power monitors: power where the driver gives it (microwatts), else voltage (mV) times current (mA).
    /// </summary>
    public static IReadOnlyList<PowerRail> Rails(string sys)
    {
        var rails = new List<PowerRail>();
        foreach (var monitor in Entries(sys, "class/hwmon", "hwmon*"))
        {
            var chip = Text(monitor, "name");
            if (!chip.StartsWith("ina", StringComparison.Ordinal))
                continue;
            for (var channel = 1; channel <= TelemetryLimits.MaxPowerChannels; channel++)
            {
                double? watts =
                    Number(monitor, $"power{channel}_input") / 1e6
                    ?? Number(monitor, $"in{channel}_input") * Number(monitor, $"curr{channel}_input") / 1e6;
                if (watts is null)
                    continue;
                var label = Text(monitor, $"in{channel}_label");
                rails.Add(
                    new PowerRail(
                        Distinct(label.Length > 0 ? label : $"{chip}_{channel}", name => rails.Any(r => r.Rail == name)),
                        watts.Value
                    )
                );
            }
        }

        return rails;
    }

    /// <summary>The trimmed text of a small file of the kernel; empty when it cannot be read.</summary>
    public static string Text(string folder, string file)
    {
        try
        {
            return SmallFile.Text(Path.Combine(folder, file)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static double? Number(string folder, string file) =>
        long.TryParse(Text(folder, file), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static IEnumerable<string> Entries(string sys, string folder, string pattern)
    {
        var path = Path.Combine(sys, folder);
        return Directory.Exists(path)
            ? Directory.EnumerateFileSystemEntries(path, pattern).Order(StringComparer.Ordinal).Take(TelemetryLimits.MaxThermalZones)
            : [];
    }

    private static string Distinct(string name, Func<string, bool> isTaken)
    {
        if (!isTaken(name))
            return name;
        var number = 2;
        while (isTaken($"{name}-{number}"))
            number++;
        return $"{name}-{number}";
    }
}
