namespace EdgeSeg.Capture;

/// <summary>The state of a camera; its wire words are in <see cref="CameraStates"/>.</summary>
internal enum CameraState
{
    /// <summary>Opened for the first time, no frame yet.</summary>
    Starting,
    Streaming,

    /// <summary>Open, but no frame within the time allowed.</summary>
    Stalled,

    /// <summary>Frames come with the same pixels.</summary>
    Frozen,

    /// <summary>Frames come and are black.</summary>
    Black,

    /// <summary>Could not be opened, or ended; the next attempt is due later.</summary>
    Lost,

    /// <summary>Opened again, no good frame yet.</summary>
    Recovering,

    /// <summary>A video or folder that does not begin again has been read to its end.</summary>
    Ended,

    /// <summary>Too many calls into the camera did not return; only a new process helps.</summary>
    Hung,
}

/// <summary>A camera's state at one moment.</summary>
/// <param name="State">The state.</param>
/// <param name="Reason">Why it is not streaming, for a person; empty when it is.</param>
/// <param name="FrameAgeMs">Milliseconds since the last frame arrived; NaN before the first.</param>
/// <param name="Reconnects">Times that frames came again after a loss.</param>
/// <param name="Grabbed">Frames that the source gave.</param>
/// <param name="Retrieved">Frames of these that were decoded for inference.</param>
/// <param name="AbandonedReads">Calls into the camera that have not returned.</param>
/// <param name="Format">What the source granted when it was opened last; null before.</param>
internal readonly record struct CameraStatus(
    CameraState State,
    string Reason,
    double FrameAgeMs,
    long Reconnects,
    long Grabbed,
    long Retrieved,
    int AbandonedReads,
    CameraFormat? Format
)
{
    /// <summary>The last fault that the source named, for a person; empty while it is well.</summary>
    public string Cause { get; init; } = "";

    /// <summary>What a person can do about a source that is lost.</summary>
    public string Remedy { get; init; } = "";
}

/// <summary>The words of <see cref="CameraState"/> in messages.</summary>
internal static class CameraStates
{
    public static string ToWire(this CameraState state) =>
        state switch
        {
            CameraState.Starting => "starting",
            CameraState.Streaming => "streaming",
            CameraState.Stalled => "stalled",
            CameraState.Frozen => "frozen",
            CameraState.Black => "black",
            CameraState.Lost => "lost",
            CameraState.Recovering => "recovering",
            CameraState.Ended => "ended",
            CameraState.Hung => "hung",
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };
}
