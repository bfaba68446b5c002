namespace EdgeSeg.Configuration;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class ConfigurationLimits
{
    /// <summary>Longest side that a setting may name, in pixels: what V4L2 and OpenCV can address.</summary>
    public const int MaxImageSide = 32_767;

    /// <summary>Largest configuration file, in bytes.</summary>
    public const int MaxConfigurationBytes = 1 << 20;

    /// <summary>Errors of a configuration that are listed; further ones are counted.</summary>
    public const int MaxConfigurationFaults = 20;

    /// <summary>Characters in one text value: the command line of a pipe fits.</summary>
    public const int MaxSettingLength = 4096;

    /// <summary>Cameras of one device: each has a thread and a pool of frames.</summary>
    public const int MaxCameras = 8;

    /// <summary>Largest password or credentials file, in bytes.</summary>
    public const int MaxSecretBytes = 16 << 10;

    /// <summary>Seconds of black pictures after which the camera is black.</summary>
    public const double BlackS = 5;

    /// <summary>Keys trusted at the same time.</summary>
    public const int MaxTrustedKeys = 16;

    /// <summary>Tags of a device: dock, building, camera kind, release ring and a few more.</summary>
    public const int MaxTags = 16;

    /// <summary>Smallest rate of masks that is not 0, a mask in 17 minutes: messages show rates with three decimals.</summary>
    public const double MinMaxFps = 0.001;
}
