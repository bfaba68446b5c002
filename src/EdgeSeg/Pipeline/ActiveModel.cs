using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The model in use and the memory that depends on its input size: the picture being worked on, the cache of embeddings, and the frames
/// that are kept for later commands. Another model may be offered by any thread; the inference thread takes it over between two frames. All
/// other members belong to the inference thread unless they say otherwise.
/// </summary>
internal sealed class ActiveModel : IDisposable
{
    private readonly string session;
    private readonly TimeProvider time;
    private readonly long holdBytes;
    private readonly bool isZoomOn;
    private volatile IInferenceModel model;
    private IInferenceModel? offered;
    private EmbeddingCache embeddings;

    /// <param name="model">Owned from here on.</param>
    /// <param name="session">Names this run of the service; frame ids of another run are refused.</param>
    /// <param name="time">For the age of held frames.</param>
    /// <param name="holdBytes">Memory for the pixels of held frames.</param>
    /// <param name="isZoomOn">Whether crops are looked at, where the model gains from it.</param>
    public ActiveModel(IInferenceModel model, string session, TimeProvider time, long holdBytes, bool isZoomOn)
    {
        (this.model, this.session, this.time, this.holdBytes, this.isZoomOn) = (model, session, time, holdBytes, isZoomOn);
        Allocate(model.Segmenter);
    }

    /// <summary>The model in use, owned here. Any thread.</summary>
    public IInferenceModel Model => model;

    public ISegmenter Segmenter => model.Segmenter;

    /// <summary>Answers prompts with the model in use.</summary>
    public ZoomSegmenter Zoom { get; private set; }

    /// <summary>Swaps since the start, and how long frames waited for the last one. Any thread.</summary>
    public SwapStats Swaps { get; private set; } = new(0, 0);

    /// <summary>The picture being worked on.</summary>
    public Picture Picture { get; private set; }

    /// <summary>Frames whose id left the device, for commands that name them.</summary>
    public FrameStore Frames { get; private set; }

    /// <summary>Another model waits to be taken over.</summary>
    public bool HasOffer => Volatile.Read(ref offered) is not null;

    /// <summary>Cancels the runs of the model in use, or allows them again. Any thread.</summary>
    public void SetCancelled(bool cancelled) => model.SetCancelled(cancelled);

    /// <summary>Hands over a model that is ready to run; it replaces the one in use before the next frame or command. Any thread.</summary>
    public void Offer(IInferenceModel next) => Interlocked.Exchange(ref offered, next)?.Dispose();

    /// <summary>Replaces the model by the one offered. Embeddings of the former model must not be in use any more.</summary>
    public void TakeOffer()
    {
        if (Interlocked.Exchange(ref offered, null) is not { } next)
            return;
        var since = Stopwatch.GetTimestamp();
        embeddings.Dispose();
        Zoom.Dispose();
        next.Segmenter.SaliencyThreshold = model.Segmenter.SaliencyThreshold;
        var former = model;
        model = next;
        Allocate(next.Segmenter);
        former.Dispose();
        Swaps = new SwapStats(Swaps.Count + 1, Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    /// <summary>Shows a frame to the model and keeps it for later commands.</summary>
    /// <param name="frame">Its pixels are read during the call only.</param>
    /// <param name="takenNs">When inference took it, in nanoseconds of the monotonic clock.</param>
    public Picture Show(Frame frame, long takenNs)
    {
        Picture.Times = StageTimes.None;
        Picture.Times[Stage.Capture] = frame.CaptureMs;
        Picture.Times[Stage.Queue] = Math.Max(0, (takenNs - frame.CapturedNs) / 1e6 - frame.CaptureMs);
        var since = Stopwatch.GetTimestamp();
        Picture.Frame.Set(frame);
        Picture.Fill(frame.Pixels);
        Encode(new FrameKey(frame.Camera, frame.Sequence), frame.Width, frame.Height);
        // before its id leaves the device
        Frames.Hold(frame, Picture.Pixels);
        Picture.Times.Close(Stage.Resize, since);
        return Picture;
    }

    /// <summary>Shows a part of the frame that was shown last; prompts and masks are then in pixels of the part.</summary>
    public void ShowPart(Rect part)
    {
        Picture.FillPart(part);
        Encode(new FrameKey(Picture.Frame.Camera, Picture.Frame.Sequence, Part: true), part.Width, part.Height);
    }

    /// <summary>Shows the whole frame again, where a part of it is shown: the next prompt may be anywhere in it.</summary>
    public void ShowWhole()
    {
        if (!Picture.IsPart)
            return;
        Picture.Fill(Picture.Whole);
        Encode(new FrameKey(Picture.Frame.Camera, Picture.Frame.Sequence), Picture.Frame.Width, Picture.Frame.Height);
    }

    /// <summary>Shows a frame that was kept. False when it is not there any more; the reason is in <paramref name="error"/>.</summary>
    /// <param name="frameId">As the command names it.</param>
    /// <param name="waitedMs">How long the command has waited.</param>
    /// <param name="error">The answer when false.</param>
    public bool TryShow(ReadOnlySpan<char> frameId, double waitedMs, [NotNullWhen(false)] out CommandError? error)
    {
        if (!Frames.TryCopy(frameId, Picture, out error))
            return false;
        Picture.FillCopied();
        Picture.Times = StageTimes.None;
        // it is not the frame that has waited, but the command
        Picture.Times[Stage.Queue] = waitedMs;
        Encode(new FrameKey(Picture.Frame.Camera, Picture.Frame.Sequence), Picture.Frame.Width, Picture.Frame.Height);
        return true;
    }

    /// <summary>
    /// Encodes the picture now and hands its embedding over: it is the caller's, who disposes of it before the model is replaced.
    /// </summary>
    public Embedding DetachEmbedding()
    {
        Segmenter.EnsureEncoded(Picture.Embedding, ref Picture.Times);
        embeddings.Detach(Picture.Key);
        return Picture.Embedding;
    }

    private void Encode(FrameKey key, int width, int height) =>
        Picture.Set(key, embeddings.Get(key, Picture.Pixels, ref Picture.Times), width, height);

    /// <summary>Frames that were kept at another input size are gone; at the same size they stay.</summary>
    [MemberNotNull(nameof(embeddings), nameof(Picture), nameof(Frames), nameof(Zoom))]
    private void Allocate(ISegmenter segmenter)
    {
        embeddings = new EmbeddingCache(segmenter, segmenter.EmbeddingsWorthKeeping);
        Zoom = new ZoomSegmenter(segmenter, isZoomOn);
        var sameSize = Picture is not null && Picture.Pixels.Cols == segmenter.InputWidth && Picture.Pixels.Rows == segmenter.InputHeight;
        if (!sameSize)
        {
            Picture?.Dispose();
            Picture = new Picture(segmenter.InputWidth, segmenter.InputHeight);
            Frames?.Dispose();
            Frames = new FrameStore(session, segmenter.InputWidth * segmenter.InputHeight * 3, time, holdBytes);
        }

        Frames!.IsFullResolution = Zoom.IsOn;

        Debug.Assert(Picture is not null && Frames is not null);
    }

    public void Dispose()
    {
        embeddings.Dispose();
        Zoom.Dispose();
        Frames.Dispose();
        Picture.Dispose();
        model.Dispose();
        Interlocked.Exchange(ref offered, null)?.Dispose();
    }
}
