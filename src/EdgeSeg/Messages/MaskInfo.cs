using EdgeSeg.Capture;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Tracking;

namespace EdgeSeg.Messages;

/// <summary>Fields of a mask message about its frame and its processing, besides the <see cref="Segmentation"/> itself.</summary>
internal readonly struct MaskInfo
{
    /// <summary>Counts the masks of the session; ends the mask's id (<see cref="MaskId"/>).</summary>
    public required long Number { get; init; }

    /// <summary>The id of the mask that this one corrects; null, and then left out: none.</summary>
    public string? Refines { get; init; }

    /// <summary>The request that this answers; null for a mask made unasked.</summary>
    public string? Request { get; init; }

    /// <summary>The picture's path in the output of <c>edgeseg segment</c>; null, and then left out, on MQTT.</summary>
    public string? Source { get; init; }

    /// <summary>On the command line: the photograph, as it was named; null elsewhere.</summary>
    public string? File { get; init; }

    /// <summary>On the command line: the files that were made of it; null elsewhere.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }

    /// <summary>On the command line: which frame of a video it is; null elsewhere.</summary>
    public VideoFrame? Video { get; init; }

    /// <summary>The significant bits of a photograph whose samples have 16; null for 8-bit ones.</summary>
    public int? BitDepth { get; init; }

    public required string Device { get; init; }

    public required string Camera { get; init; }

    /// <summary>Names this run of the service.</summary>
    public required string Session { get; init; }

    public required long Sequence { get; init; }

    public required DateTimeOffset CapturedUtc { get; init; }

    /// <summary>Nanoseconds of the monotonic clock.</summary>
    public required long CapturedNs { get; init; }

    /// <summary><c>arrival</c>, <c>driver</c> or <c>file</c>.</summary>
    public required string TimeSource { get; init; }

    /// <summary>Whether the wall clock is synchronised.</summary>
    public required bool ClockSynced { get; init; }

    /// <summary>Pixels of the frame as published.</summary>
    public required int Width { get; init; }

    /// <summary>Pixels of the frame as published.</summary>
    public required int Height { get; init; }

    public required ModelInfo Model { get; init; }

    /// <summary>Mean saliency of the chosen blob, 0..1; NaN, and then left out, where no saliency pass took place.</summary>
    public required double Saliency { get; init; }

    /// <summary>From capture to this message being written, in milliseconds.</summary>
    public required double AgeMs { get; init; }

    /// <summary>
    /// The edge that the frame answers, on the clock of <see cref="CapturedNs"/>; none, and then left out, where no wire asked.
    /// </summary>
    public TriggerStamp Trigger { get; init; }

    /// <summary>Frames and masks of this camera that were dropped since its last mask message.</summary>
    public required long Drops { get; init; }

    /// <summary>
    /// Which of how many, where one request is answered by several masks, surest first; null, and then left out, where there is one.
    /// </summary>
    public (int Index, int Count)? Of { get; init; }

    /// <summary>The followed object that the mask shows; null, and then left out, for all other masks.</summary>
    public TrackInfo? Track { get; init; }

    /// <summary>Whether the service runs below what it was configured for.</summary>
    public required bool Degraded { get; init; }
}

/// <summary>A frame of a video.</summary>
/// <param name="Number">Counts all frames of the video, from 1.</param>
/// <param name="TimeS">Seconds from the start of the video.</param>
internal readonly record struct VideoFrame(long Number, double TimeS);

/// <summary>A followed object.</summary>
/// <param name="Id">The last level of its topic.</param>
/// <param name="Age">Frames since it is followed.</param>
/// <param name="State">How sure the tracker is of it.</param>
internal readonly record struct TrackInfo(string Id, int Age, TrackState State);

/// <summary>
/// Outlines in frame pixels: <see cref="Points"/> holds x, y, x, y... of all rings one after the other, <see cref="RingLengths"/> the
/// number of points (not floats) of each, <see cref="Holes"/> whether it is the outline of a hole; filled by the even-odd rule. Empty: none
/// in the message.
/// </summary>
internal readonly ref struct PolygonRings(
    ReadOnlySpan<float> points,
    ReadOnlySpan<int> ringLengths,
    ReadOnlySpan<bool> holes,
    double tolerance
)
{
    public readonly ReadOnlySpan<float> Points = points;
    public readonly ReadOnlySpan<int> RingLengths = ringLengths;
    public readonly ReadOnlySpan<bool> Holes = holes;

    /// <summary>Largest distance, in pixels, of the outline from the mask's edge.</summary>
    public readonly double Tolerance = tolerance;

    public bool IsEmpty => RingLengths.IsEmpty;
}
