namespace EdgeSeg.Release;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class ReleaseLimits
{
    /// <summary>Rounds by which a passphrase is turned into a key, as OWASP recommends for PBKDF2 with SHA-256.</summary>
    public const int PassphraseRounds = 600_000;

    /// <summary>Largest file with a passphrase, in bytes.</summary>
    public const int MaxPassphraseBytes = 1024;

    /// <summary>Longest time for publishing a manifest, in ms.</summary>
    public const int PublicationMs = 30_000;

    /// <summary>Time that a broker gets to hand over a retained message, in ms.</summary>
    public const int RetainedWaitMs = 400;

    /// <summary>Largest message of a device that is read, in bytes.</summary>
    public const int MaxDeviceMessageBytes = 16 << 10;

    /// <summary>Tags of a device that are shown.</summary>
    public const int MaxTagsShown = 16;

    /// <summary>Wait for the first message of a fleet, in ms: a broker that is far away, or a fleet that has published nothing.</summary>
    public const int FirstMessageMs = 3_000;

    /// <summary>Silence after which all retained messages have come, in ms.</summary>
    public const int QuietMs = 500;

    /// <summary>Devices of one table.</summary>
    public const int MaxFleetDevices = 10_000;

    /// <summary>Messages that wait for the table.</summary>
    public const int FleetQueue = 1024;

    /// <summary>Characters of a device's text in the table.</summary>
    public const int MaxFleetText = 160;
}
