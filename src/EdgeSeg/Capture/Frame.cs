using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// One captured picture in a pooled slot. Pixels are 8-bit BGR, row-major, top-left origin, as published (after rotation and crop).
/// The taker disposes the frame, which returns the slot to its <see cref="FramePool"/>.
/// </summary>
internal sealed class Frame : IDisposable
{
    private readonly FramePool pool;
    private int taken;

    internal Frame(FramePool pool) => this.pool = pool;

    /// <summary>H x W x 3, <see cref="MatType.CV_8UC3"/>, continuous.</summary>
    public Mat Pixels { get; } = new();

    /// <summary>Camera that took it (an id as in topics).</summary>
    public string Camera { get; set; } = "";

    /// <summary>Counts the camera's frames from 1 in this session; names the frame on the wire together with the session.</summary>
    public long Sequence { get; set; }

    /// <summary>When the picture was taken, by the wall clock.</summary>
    public DateTimeOffset CapturedUtc { get; set; }

    /// <summary>When the picture was taken, in nanoseconds of the monotonic clock.</summary>
    public long CapturedNs { get; set; }

    /// <summary>Where the stamps come from: <c>arrival</c>, <c>driver</c> (V4L2 buffer) or <c>file</c>.</summary>
    public string TimeSource { get; set; } = "arrival";

    /// <summary>Name of the photograph that it is, for a folder of them; else null.</summary>
    public string? Source { get; set; }

    /// <summary>Milliseconds that grabbing and decoding took.</summary>
    public double CaptureMs { get; set; }

    /// <summary>The edge that this frame answers; none without a trigger.</summary>
    public TriggerStamp Trigger { get; set; }

    public int Width => Pixels.Cols;

    public int Height => Pixels.Rows;

    internal void Take()
    {
        if (Interlocked.Exchange(ref taken, 1) != 0)
            throw new InvalidOperationException("frame slot taken twice");
        Trigger = default;
    }

    /// <summary>Returns the slot. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref taken, 0) == 1)
            pool.Return(this);
    }
}
