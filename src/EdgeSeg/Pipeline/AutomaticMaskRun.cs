using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>
/// "Everything" of one frame at a client's command, in slices: between two of them frames and commands get their turn, and a command that
/// comes ends a slice within one decode. First the points of the grid, then a message for each mask, as fast as the outbox takes them
/// without dropping one. Belongs to the inference thread.
/// </summary>
internal sealed class AutomaticMaskRun : IDisposable
{
    private readonly Embedding picture;
    private readonly AutomaticMaskGenerator everything;
    private readonly RunLength runLength = new();
    private readonly Segmentation one = new() { Times = StageTimes.None };
    private readonly long began = Stopwatch.GetTimestamp();
    private AutomaticMask[]? found;
    private long toldFrom;

    /// <param name="pending">Accepted and not answered.</param>
    /// <param name="lane">Its camera.</param>
    /// <param name="frame">Copied.</param>
    /// <param name="segmenter">Outlives this.</param>
    /// <param name="picture">Of the frame, encoded or waiting to be; owned from here on.</param>
    public AutomaticMaskRun(PendingCommand pending, CameraPipeline lane, HeldFrame frame, ISegmenter segmenter, Embedding picture)
    {
        (Pending, CameraPipeline, this.picture) = (pending, lane, picture);
        Frame.Set(frame);
        everything = new AutomaticMaskGenerator(segmenter, new AutomaticMaskOptions { PointsPerSide = pending.Command.Everything!.Grid });
    }

    public PendingCommand Pending { get; }

    public CameraPipeline CameraPipeline { get; }

    public HeldFrame Frame { get; } = new();

    public int Asked => everything.Asked;

    /// <summary>What is told, in the order of the index.</summary>
    public ReadOnlySpan<AutomaticMask> Masks => found;

    /// <summary>Masks that <see cref="Next"/> has given so far.</summary>
    public int Told { get; private set; }

    public int LeftOut { get; private set; }

    /// <summary>Time for the points.</summary>
    public double Ms { get; private set; }

    /// <summary>Every mask was given, or the time for it is up.</summary>
    public bool IsOver => found is not null && (Told == found.Length || ElapsedMs(toldFrom) > PipelineLimits.EverythingTellMs);

    /// <summary>A slice of work; true once the masks are there.</summary>
    /// <param name="urgent">True when a command waits; looked at before each decode, on several threads.</param>
    public bool Advance(Func<bool> urgent)
    {
        if (found is not null)
            return true;
        // encoding is one run of the model that cannot be sliced; a picture that was clicked on before is encoded already
        if (everything.Asked == 0)
            everything.Begin(picture);
        var since = Stopwatch.GetTimestamp();
        var late = false;
        var all = everything.Advance(() =>
            urgent() || ElapsedMs(since) > PipelineLimits.EverythingSliceMs || (late |= ElapsedMs(began) > PipelineLimits.EverythingMs)
        );
        if (!all && !late)
            return false;
        Ms = ElapsedMs(began);
        var surest = everything.Finish();
        found = [.. surest.Take(MessageLimits.MaxEverythingMasks)];
        LeftOut = surest.Count - found.Length;
        toldFrom = Stopwatch.GetTimestamp();
        return true;
    }

    /// <summary>The next mask to tell, as a segmentation of the frame; valid until the next call.</summary>
    public Segmentation Next()
    {
        found![Told++].CopyTo(one, runLength, Frame.Width, Frame.Height);
        return one;
    }

    private static double ElapsedMs(long since) => Stopwatch.GetElapsedTime(since).TotalMilliseconds;

    public void Dispose()
    {
        everything.Dispose();
        picture.Dispose();
    }
}
