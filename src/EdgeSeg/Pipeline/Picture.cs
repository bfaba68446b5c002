using EdgeSeg.Capture;
using EdgeSeg.Sampling;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>The fields of a frame in a mask message; copied out of the frame, so that it outlives it.</summary>
internal sealed class FrameInfo
{
    public string Camera { get; private set; } = "";

    public long Sequence { get; private set; }

    public DateTimeOffset CapturedUtc { get; private set; }

    public long CapturedNs { get; private set; }

    public string TimeSource { get; private set; } = "";

    public string? Source { get; private set; }

    /// <summary>Pixels of the published picture, in which prompts and masks are given.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>The frame as <see cref="SampleKeeper"/> names it.</summary>
    public SampleFrame ToSample() => new(Camera, Sequence, CapturedUtc);

    internal void Set(Frame frame)
    {
        (Camera, Sequence, CapturedUtc, CapturedNs) = (frame.Camera, frame.Sequence, frame.CapturedUtc, frame.CapturedNs);
        (TimeSource, Source, Width, Height) = (frame.TimeSource, frame.Source, frame.Width, frame.Height);
    }

    internal void Set(FrameInfo other)
    {
        (Camera, Sequence, CapturedUtc, CapturedNs) = (other.Camera, other.Sequence, other.CapturedUtc, other.CapturedNs);
        (TimeSource, Source, Width, Height) = (other.TimeSource, other.Source, other.Width, other.Height);
    }
}

/// <summary>
/// The picture that the inference thread works on: a frame (or a part of it) at the model's input size, and its embedding. There is one,
/// owned by <see cref="ActiveModel"/>, which fills it again for each frame; its memory is kept.
/// </summary>
internal sealed class Picture : IDisposable
{
    private readonly FrameResizer resizer = new();
    private byte[] copy = [];
    private Mat? copied,
        part;

    /// <param name="width">Of the model's input, in pixels.</param>
    /// <param name="height">Of the model's input, in pixels.</param>
    public Picture(int width, int height)
    {
        Pixels = new Mat(height, width, MatType.CV_8UC3);
    }

    /// <summary>The frame that it shows.</summary>
    public FrameInfo Frame { get; } = new();

    /// <summary>8-bit BGR at the model's input size.</summary>
    public Mat Pixels { get; }

    /// <summary>
    /// The picture from which crops are taken: the frame's own pixels while it is at hand, later the copy that was held; of the part, where
    /// one is shown.
    /// </summary>
    public Mat Source { get; private set; } = null!;

    /// <summary>The whole frame's pixels, also where a part is shown; they may be fewer than the frame's, of a held copy.</summary>
    public Mat Whole { get; private set; } = null!;

    /// <summary>What the model made of it. Prompts are in the frame's pixels, or in those of the part that it shows.</summary>
    public Embedding Embedding { get; private set; } = null!;

    /// <summary>Names it in the embedding cache.</summary>
    public FrameKey Key { get; private set; }

    /// <summary>The stages so far, from capture to the model's input; a result starts with a copy.</summary>
    public StageTimes Times = StageTimes.None;

    /// <summary>Shrinks a frame's pixels to the model's input size.</summary>
    /// <param name="source">Stays valid as long as the picture shows it.</param>
    internal void Fill(Mat source)
    {
        ReleasePart();
        Whole = Source = source;
        resizer.Fill(source, Pixels);
    }

    /// <summary>A part of the frame is shown.</summary>
    internal bool IsPart => part is not null;

    /// <summary>Shrinks a part of the frame. Its edges are those of the frame's pixels.</summary>
    internal void FillPart(Rect ofFrame)
    {
        ReleasePart();
        double sx = (double)Whole.Cols / Frame.Width,
            sy = (double)Whole.Rows / Frame.Height;
        int x0 = (int)Math.Round(ofFrame.Left * sx),
            y0 = (int)Math.Round(ofFrame.Top * sy);
        int x1 = Math.Max(x0 + 1, (int)Math.Round(ofFrame.Right * sx)),
            y1 = Math.Max(y0 + 1, (int)Math.Round(ofFrame.Bottom * sy));
        part = Whole.SubMat(new Rect(x0, y0, Math.Min(x1, Whole.Cols) - x0, Math.Min(y1, Whole.Rows) - y0));
        Source = part;
        resizer.Fill(part, Pixels);
    }

    /// <summary>Memory for a held frame of this size; <see cref="FillCopied"/> then shows it.</summary>
    internal Span<byte> Reserve(int width, int height)
    {
        ReleasePart();
        var bytes = width * height * 3;
        if (copied?.Cols != width || copied.Rows != height)
        {
            copied?.Dispose();
            if (copy.Length < bytes)
                copy = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
            copied = Mat.FromPixelData(height, width, MatType.CV_8UC3, copy);
        }

        return copy.AsSpan(0, bytes);
    }

    /// <summary>Shows the held frame that was written into <see cref="Reserve"/>'s memory.</summary>
    internal void FillCopied() => Fill(copied!);

    private void ReleasePart()
    {
        part?.Dispose();
        part = null;
    }

    internal void Set(FrameKey key, Embedding embedding, int width, int height)
    {
        (Key, Embedding) = (key, embedding);
        embedding.SetFrameSize(width, height);
    }

    public void Dispose()
    {
        ReleasePart();
        copied?.Dispose();
        Pixels.Dispose();
    }
}
