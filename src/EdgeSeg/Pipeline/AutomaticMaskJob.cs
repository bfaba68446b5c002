using EdgeSeg.Messages;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The automatic masks of one frame for an <c>everything</c> command, in slices: between two slices frames and commands are served, and a
/// command that arrives ends a slice within one decode. First the points of the grid, then one mask after the other. Belongs to the
/// inference thread.
/// </summary>
internal sealed class AutomaticMaskJob : IDisposable
{
    private readonly Embedding embedding;
    private readonly AutomaticMaskGenerator generator;
    private readonly RunLength runLength = new();
    private readonly Segmentation one = new() { Times = StageTimes.None };
    private readonly TimeProvider time;
    private readonly long began;
    private AutomaticMask[]? found;
    private long publishingSince;

    /// <param name="command">Accepted and not answered.</param>
    /// <param name="camera">Its camera.</param>
    /// <param name="frame">Copied.</param>
    /// <param name="segmenter">Outlives this.</param>
    /// <param name="options">Grid and thresholds.</param>
    /// <param name="embedding">Of the frame, encoded; owned from here on.</param>
    /// <param name="time">Clock of the slices and of the whole command.</param>
    public AutomaticMaskJob(
        PendingCommand command,
        CameraPipeline camera,
        FrameInfo frame,
        ISegmenter segmenter,
        AutomaticMaskOptions options,
        Embedding embedding,
        TimeProvider time
    )
    {
        (Command, Camera, this.embedding, this.time) = (command, camera, embedding, time);
        began = time.GetTimestamp();
        Frame.Set(frame);
        generator = new AutomaticMaskGenerator(segmenter, options);
    }

    public PendingCommand Command { get; }

    public CameraPipeline Camera { get; }

    public FrameInfo Frame { get; } = new();

    /// <summary>Grid points that the model was prompted with.</summary>
    public int PointsDone => generator.PointsDone;

    /// <summary>The masks to publish, in the order of their index.</summary>
    public ReadOnlySpan<AutomaticMask> Masks => found;

    /// <summary>Masks that <see cref="Next"/> has returned so far.</summary>
    public int Published { get; private set; }

    /// <summary>Masks found beyond <see cref="MessageLimits.MaxAutomaticMasks"/>.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Time from the first point to the last.</summary>
    public double Ms { get; private set; }

    /// <summary>Every mask was returned, or the time for publishing is over.</summary>
    public bool IsOver =>
        found is not null && (Published == found.Length || ElapsedMs(publishingSince) > PipelineLimits.AutomaticPublishMs);

    /// <summary>One slice of work. True once all masks are known.</summary>
    /// <param name="isUrgent">True when a command waits; called before each decode, on several threads.</param>
    public bool Advance(Func<bool> isUrgent)
    {
        if (found is not null)
            return true;
        if (generator.PointsDone == 0)
            generator.Begin(embedding);
        var since = time.GetTimestamp();
        var timedOut = false;
        var isComplete = generator.Advance(() =>
            isUrgent() || ElapsedMs(since) > PipelineLimits.AutomaticSliceMs || (timedOut |= ElapsedMs(began) > PipelineLimits.AutomaticMs)
        );
        if (!isComplete && !timedOut)
            return false;
        Ms = ElapsedMs(began);
        var best = generator.Finish();
        found = [.. best.Take(MessageLimits.MaxAutomaticMasks)];
        LeftOut = best.Count - found.Length;
        publishingSince = time.GetTimestamp();
        return true;
    }

    /// <summary>The next mask to publish; valid until the next call.</summary>
    public Segmentation Next()
    {
        found![Published++].CopyTo(one, runLength, Frame.Width, Frame.Height);
        return one;
    }

    private double ElapsedMs(long since) => time.GetElapsedTime(since).TotalMilliseconds;

    public void Dispose()
    {
        generator.Dispose();
        embedding.Dispose();
    }
}
