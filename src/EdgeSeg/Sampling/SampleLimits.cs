namespace EdgeSeg.Sampling;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class SampleLimits
{
    /// <summary>Frames that wait to be written: one in progress and one that waits; more are dropped and counted.</summary>
    public const int Queue = 2;

    /// <summary>Commands that wait for an answer from the disk: as many as the command queue holds.</summary>
    public const int Requests = 8;

    /// <summary>JPEG quality of a kept frame: labels are drawn on it, and a model is trained on it.</summary>
    public const int JpegQuality = 92;

    /// <summary>Free bytes that are left to the rest of the system, for example to a model update.</summary>
    public const long MinFreeBytes = 64L << 20;

    /// <summary>Largest description of a frame, in bytes: a mask's run lengths are most of it.</summary>
    public const int MaxDescriptionBytes = 1 << 20;

    /// <summary>Wait before a disk that failed is tried again, in ms.</summary>
    public const int RetryMs = 60_000;

    /// <summary>Longest wait for the last write at the end of the service, in ms.</summary>
    public const int StopMs = 2_000;

    /// <summary>Seconds after which an unsent picture is dropped: the operator who asked for it waits no longer.</summary>
    public const int UploadExpiryS = 30;
}
