using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

internal enum GrabOutcome
{
    /// <summary>A picture is there to be retrieved.</summary>
    Ok,

    /// <summary>The source has no more pictures and is not to begin again.</summary>
    End,

    /// <summary>The source is lost; <see cref="ICamera.Reason"/> states why.</summary>
    Failed,
}

/// <summary>What a source granted. Width, height and frames a second are 0 where they are not known before the first picture.</summary>
/// <param name="Width">Pixels, before rotation and crop.</param>
/// <param name="Height">Pixels, before rotation and crop.</param>
/// <param name="Fps">Frames a second.</param>
/// <param name="Coding">How pictures come: a fourcc, a pipe format, <c>photographs</c>, <c>synthetic</c>.</param>
/// <param name="TimeSource"><c>driver</c>: <see cref="ICamera.PositionMs"/> may be a stamp of the monotonic clock; <c>file</c>: it is a
/// position; <c>arrival</c>: it is nothing.</param>
/// <param name="IsLive">Pictures come at their own time and are dropped when nobody takes them; else each is waited for.</param>
/// <param name="IsWatched">Pixels are watched for freezing and darkness: a sensor's never stand still, a video's may.</param>
/// <param name="PaceFps">Frames a second at which the caller is to grab, since the source itself would give them all at once; 0: it keeps
/// its own time.</param>
internal sealed record CameraFormat(
    int Width,
    int Height,
    double Fps,
    string Coding,
    string TimeSource,
    bool IsLive,
    bool IsWatched,
    double PaceFps = 0
);

/// <summary>
/// A source of pictures, used by one thread: opened once, grabbed in a loop, disposed. Every call may block as long as the source does;
/// only <see cref="Cancel"/> may come from another thread.
/// </summary>
internal interface ICamera : IDisposable
{
    /// <summary>Opens the source and returns what it granted, or throws an <see cref="OperatingException"/>.</summary>
    CameraFormat Open();

    /// <summary>Waits for the next picture and holds it, undecoded where that saves work.</summary>
    GrabOutcome Grab();

    /// <summary>
    /// Decodes the grabbed picture into <paramref name="picture"/> (8-bit BGR, before rotation and crop); false when it is damaged.
    /// </summary>
    bool Retrieve(Mat picture);

    /// <summary>The grabbed picture's stamp in milliseconds, as <see cref="CameraFormat.TimeSource"/> says.</summary>
    double PositionMs { get; }

    /// <summary>Name of the grabbed photograph, for a folder of them; null otherwise.</summary>
    string? PictureName => null;

    /// <summary>Why the last grab failed.</summary>
    string Reason { get; }

    /// <summary>Pictures that could not be read and were left out, since opening.</summary>
    long Skipped => 0;

    /// <summary>
    /// The file and the fault of the picture that was left out last, the first time that it was; empty: named before, or nothing to say.
    /// </summary>
    string SkippedReason => "";

    /// <summary>A remark on the end of the source, for a person; empty: it ended as it should.</summary>
    string EndRemark => "";

    /// <summary>A fault because of which the end of the source counts as a loss: it gave no picture at all. Null: there is none.</summary>
    string? EndFault => null;

    /// <summary>
    /// Makes a call that waits return, where the source allows it (a child process can be killed, a driver's call cannot).
    /// </summary>
    void Cancel();
}
