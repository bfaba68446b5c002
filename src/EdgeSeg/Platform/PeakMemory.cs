using System.Globalization;

namespace EdgeSeg.Platform;

/// <summary>The most memory that this process has held so far, as the kernel counts it.</summary>
internal static class PeakMemory
{
    /// <summary>Resident MiB; NaN where the system does not report it.</summary>
    public static double MiB
    {
        get
        {
            try
            {
                return Parse(SmallFile.Text("/proc/self/status"));
            }
            catch (IOException)
            {
                return double.NaN;
            }
        }
    }

    /// <summary>From the text of /proc/self/status, where a tab and, before short numbers only, blanks stand after the name.</summary>
    internal static double Parse(string status)
    {
        var line = status.Split('\n').FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return
            line?.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is [_, var kib, ..]
            && double.TryParse(kib, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value / 1024
            : double.NaN;
    }
}
