namespace EdgeSeg.Health;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class HealthLimits
{
    /// <summary>Time for the broker to accept a TCP connection, in milliseconds: a slower network cannot carry masks either.</summary>
    public const int DoctorConnectTimeoutMs = 3_000;

    /// <summary>
    /// Free bytes below which the state folder's disk gets a warning: two model bundles, the one in use and the one being fetched.
    /// </summary>
    public const long DiskLowBytes = 200L << 20;

    /// <summary>Free bytes below which state can no longer be kept safely.</summary>
    public const long DiskFullBytes = 16L << 20;

    /// <summary>Temperature in degrees Celsius from which boards of this class slow down (Raspberry Pi: 80).</summary>
    public const double HotC = 80;

    /// <summary>
    /// Longest wait for what a broker retains of this device, in milliseconds; a broker sends it right after the subscription.
    /// </summary>
    public const int RetainedWaitMs = 1_000;

    /// <summary>Largest message of a broker, in bytes, below which it cannot carry info and ordinary masks.</summary>
    public const uint SmallestPacketBytes = 16 << 10;
}
