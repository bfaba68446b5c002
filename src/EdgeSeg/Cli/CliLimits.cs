using EdgeSeg.Updates;

namespace EdgeSeg.Cli;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class CliLimits
{
    /// <summary>Longest time that the demo may take, in seconds.</summary>
    public const int DemoS = 120;

    /// <summary>Messages that wait to be drawn in the demo.</summary>
    public const int DemoQueue = 1024;

    /// <summary>Frames measured in one form: some minutes on a small board.</summary>
    public const int MaxBenchFrames = 10_000;

    /// <summary>Photographs a second in the demo with the console: slow enough to look at each.</summary>
    public const double DemoConsoleFps = 0.5;

    /// <summary>
    /// Days that a manifest is valid for by default: a device that was stored for longer must not take an old model.
    /// </summary>
    public const int ManifestDays = 180;

    /// <summary>Photographs of a canary: each makes two cases.</summary>
    public const int MaxCanaryPhotos = UpdateLimits.MaxCanaryCases / 2;

    /// <summary>Shipped photographs that a canary takes where nobody names others.</summary>
    public const int DefaultCanaryPhotos = 3;

    /// <summary>Longest reading of a fleet, in seconds: thousands of devices over a slow link.</summary>
    public const int FleetReadS = 60;

    /// <summary>Largest file of device ids, in bytes.</summary>
    public const int MaxDeviceListBytes = 64 << 10;

    /// <summary>Wait before a lost broker is tried again while a fleet is followed, in ms.</summary>
    public const int FleetRetryMs = 5_000;

    /// <summary>How often a followed table is drawn again at most, in ms.</summary>
    public const int FleetDrawMs = 200;

    /// <summary>Longest wait for a running service to take up what was asked for by hand, in ms.</summary>
    public const int RequestWaitMs = 5_000;
}
