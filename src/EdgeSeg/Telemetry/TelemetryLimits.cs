namespace EdgeSeg.Telemetry;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class TelemetryLimits
{
    /// <summary>Thermal zones and cooling devices read at most.</summary>
    public const int MaxThermalZones = 64;

    /// <summary>Largest latency of a histogram, in microseconds; longer ones count as this.</summary>
    public const long MaxLatencyUs = 60_000_000;

    /// <summary>Channels of one power monitor: the INA3221 has three, and a sum.</summary>
    public const int MaxPowerChannels = 4;

    /// <summary>Longest time that an export of metrics may take, in milliseconds; it runs on a thread of its own.</summary>
    public const int OtlpTimeoutMs = 5_000;

    /// <summary>Shortest time between two lines about exports, in milliseconds.</summary>
    public const int OtlpReportMs = 60_000;

    /// <summary>Longest time that stopping waits for the last export, in milliseconds.</summary>
    public const int OtlpStopMs = 500;

    /// <summary>Results of a model that its figures are taken over: about ten seconds at 25 frames a second.</summary>
    public const int LiveWindow = 256;
}
