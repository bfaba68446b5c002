using EdgeSeg.Capture;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>What a mask message says of a frame; copied out of the frame, so that it outlives it.</summary>
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
    private readonly byte[] bytes;
    private readonly FrameResizer resizer = new();

    /// <param name="width">Of the model's input, in pixels.</param>
    /// <param name="height">Of the model's input, in pixels.</param>
    public Picture(int width, int height)
    {
        bytes = GC.AllocateUninitializedArray<byte>(width * height * 3, pinned: true);
        Pixels = Mat.FromPixelData(height, width, MatType.CV_8UC3, bytes);
    }

    /// <summary>The frame that it shows.</summary>
    public FrameInfo Frame { get; } = new();

    /// <summary>8-bit BGR at the model's input size.</summary>
    public Mat Pixels { get; }

    /// <summary>The memory of <see cref="Pixels"/>.</summary>
    public Span<byte> Bytes => bytes;

    /// <summary>What the model made of it. Prompts are in the frame's pixels, or in those of the part that it shows.</summary>
    public Embedding Embedding { get; private set; } = null!;

    /// <summary>Names it in the embedding cache.</summary>
    public FrameKey Key { get; private set; }

    /// <summary>The stages so far, from capture to the model's input; a result starts with a copy.</summary>
    public StageTimes Times = StageTimes.None;

    /// <summary>Shrinks a frame's pixels, or a part of them, to the model's input size.</summary>
    internal void Fill(Mat source) => resizer.Fill(source, Pixels);

    internal void Set(FrameKey key, Embedding embedding, int width, int height)
    {
        (Key, Embedding) = (key, embedding);
        embedding.StandFor(width, height);
    }

    public void Dispose() => Pixels.Dispose();
}
