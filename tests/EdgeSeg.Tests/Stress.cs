using System.Globalization;

namespace EdgeSeg;

/// <summary>
/// How often a test that does one thing again and again does it: the whole count in <c>./build.sh soak</c>, a tenth of it elsewhere.
/// </summary>
internal static class Stress
{
    /// <summary>Whether this is the long run.</summary>
    public static bool IsWhole => Environment.GetEnvironmentVariable("EDGESEG_SOAK_MINUTES") is { Length: > 0 };

    public static int Rounds(int whole) => IsWhole ? whole : whole / 10;

    /// <summary>Length of the soak in minutes.</summary>
    public static double Minutes =>
        IsWhole ? double.Parse(Environment.GetEnvironmentVariable("EDGESEG_SOAK_MINUTES")!, CultureInfo.InvariantCulture) : 2;
}
