using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// The last two frames of a video in grey, for the motion between them. Serves all objects that are followed in the video.
/// </summary>
internal sealed class FramePair : IDisposable
{
    private GreyPyramid before = new(),
        now = new();

    public GreyPyramid Before => before;

    public GreyPyramid Now => now;

    /// <summary>True when the last two frames have one size.</summary>
    public bool IsMatched { get; private set; }

    /// <summary>The next frame, 8-bit BGR.</summary>
    public void Advance(Mat frame)
    {
        (before, now) = (now, before);
        now.Fill(frame);
        IsMatched = before.FrameWidth == frame.Cols && before.FrameHeight == frame.Rows;
    }

    public void Dispose()
    {
        before.Dispose();
        now.Dispose();
    }
}
