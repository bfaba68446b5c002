using System.Diagnostics.CodeAnalysis;

namespace EdgeSeg.Capture;

/// <summary>
/// The bounded queue of frames from one camera to inference: the newest wins, the oldest returns its slot. It also states when
/// inference needs the next frame, so that other frames are not decoded. Any thread.
/// </summary>
internal sealed class FrameQueue : IDisposable
{
    private readonly Lock gate = new();
    private readonly Frame?[] frames;
    private readonly Drops drops;
    private readonly Action? arrived;
    private readonly AutoResetEvent room = new(false);
    private int first,
        count;
    private bool closed,
        keepsAll;
    private volatile bool takesUntriggered;
    private long wantedFromNs;
    private DropCause causeUntilThen = DropCause.InferenceBusy;

    /// <param name="drops">Counts what is displaced.</param>
    /// <param name="arrived">Called after each frame, outside of any lock; several cameras may share one signal.</param>
    /// <param name="capacity">Frames that may wait.</param>
    public FrameQueue(Drops drops, Action? arrived = null, int capacity = CaptureLimits.FrameQueue)
    {
        (this.drops, this.arrived) = (drops, arrived);
        frames = new Frame?[capacity];
    }

    /// <summary>
    /// Where a trigger selects the frames: only those that answer an edge enter, checked as they arrive, so that it is the first one after
    /// the edge even while inference is busy. Set before the first frame.
    /// </summary>
    public TriggerGate? Gate { get; set; }

    /// <summary>With a <see cref="Gate"/>: whether a frame that answers no edge enters too, for a command or the preview.</summary>
    public bool TakesUntriggered
    {
        get => takesUntriggered;
        set => takesUntriggered = value;
    }

    public int Count
    {
        get
        {
            lock (gate)
                return count;
        }
    }

    /// <summary>
    /// Inference sets from when on (nanoseconds of the monotonic clock) it needs a frame, and why earlier ones are dropped. 0: now (as at
    /// the start); <see cref="long.MaxValue"/>: not until the next call.
    /// </summary>
    public void WantFrom(long ns, DropCause causeUntilThen)
    {
        lock (gate)
            (wantedFromNs, this.causeUntilThen) = (ns, causeUntilThen);
    }

    /// <summary>
    /// The cause for which a picture taken now is dropped; null when it is needed: the next one, a period later, would come too late.
    /// </summary>
    public DropCause? DropCauseAt(long nowNs, long periodNs)
    {
        lock (gate)
            return closed || wantedFromNs - nowNs >= periodNs && wantedFromNs > nowNs ? causeUntilThen : null;
    }

    /// <summary>Takes the frame over. A full queue returns its oldest to the pool first.</summary>
    public void Offer(Frame frame)
    {
        if (Gate is { } wire)
        {
            if (wire.TryAnswer(frame.CapturedNs, out var stamp))
                frame.Trigger = stamp;
            else if (!TakesUntriggered)
            {
                frame.Dispose();
                drops.Count(DropCause.NotAsked);
                return;
            }
        }

        Frame? displaced = null;
        lock (gate)
        {
            if (closed)
                displaced = frame;
            else
            {
                if (count == frames.Length)
                    displaced = Shift();
                frames[(first + count++) % frames.Length] = frame;
            }
        }

        if (displaced is not null)
        {
            displaced.Dispose();
            drops.Count(DropCause.InferenceBusy);
        }

        arrived?.Invoke();
    }

    /// <summary>The oldest frame that waits; the taker disposes it.</summary>
    public bool TryTake([NotNullWhen(true)] out Frame? frame)
    {
        lock (gate)
            frame = count > 0 ? Shift() : null;
        if (frame is null)
            return false;
        room.Set();
        return true;
    }

    /// <summary>
    /// The frame to process: the newest; older ones that wait are dropped, since they would be a whole run older at their turn. In order
    /// where none may be lost: the answers to a trigger, and a source that waited for room.
    /// </summary>
    public bool TryTakeFresh([NotNullWhen(true)] out Frame? frame)
    {
        while (true)
        {
            bool isStale;
            lock (gate)
            {
                frame = count > 0 ? Shift() : null;
                isStale = count > 0 && !keepsAll && Gate is null;
            }

            if (!isStale)
                break;
            frame!.Dispose();
            drops.Count(DropCause.InferenceBusy);
        }

        if (frame is null)
            return false;
        room.Set();
        return true;
    }

    /// <summary>
    /// Waits until a frame can be offered without displacing another; false once <paramref name="given"/> returns true, or the
    /// queue is closed.
    /// </summary>
    public bool WaitForRoom(Func<bool> given)
    {
        while (!given())
        {
            lock (gate)
            {
                if (closed)
                    return false;
                keepsAll = true;
                if (count < frames.Length)
                    return true;
            }

            room.WaitOne();
        }

        return false;
    }

    /// <summary>Makes <see cref="WaitForRoom"/> check its condition again.</summary>
    public void Wake() => room.Set();

    /// <summary>Returns every waiting frame; later ones are returned at once.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            while (count > 0)
                Shift().Dispose();
        }

        room.Set();
    }

    public void Dispose() => Close();

    private Frame Shift()
    {
        var frame = frames[first]!;
        frames[first] = null;
        first = (first + 1) % frames.Length;
        count--;
        return frame;
    }
}
