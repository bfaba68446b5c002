namespace EdgeSeg.Pipeline;

/// <summary>The model's work was cut from outside: it took too long, or a command had something better to do for it.</summary>
internal sealed class InferenceCancelledException(bool tookTooLong)
    : Exception(tookTooLong ? "it took longer than model.timeout_s and was cut" : "it was cut for a command")
{
    public bool TookTooLong => tookTooLong;
}

/// <summary>
/// Watches the model at work and cuts it short: work that takes longer than the limit, and automatic work that would keep a command waiting for long.
/// The runtime looks at the cut between two operators of the graph; an operator that hangs itself is left to the watchdog.
/// </summary>
internal sealed class InferenceCanceller : IDisposable
{
    private readonly Lock gate = new();
    private readonly Action<bool> setCut;
    private readonly TimeSpan limit;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private bool atWork,
        isAutomatic,
        sparesNext;
    private bool? cutTooLong;
    private long began;
    private TimeSpan lastAutomatic;

    /// <param name="setCut">True makes the model's runs, now and later, end with an error; false lets them be again. Called under this class's lock.</param>
    /// <param name="limit">Longest that one piece of work may take.</param>
    /// <param name="time">Clock and timer.</param>
    public InferenceCanceller(Action<bool> setCut, TimeSpan limit, TimeProvider time)
    {
        (this.setCut, this.limit, this.time) = (setCut, limit, time);
        var period = TimeSpan.FromMilliseconds(PipelineLimits.RunWatchMs);
        timer = time.CreateTimer(static guard => ((InferenceCanceller)guard!).Look(), this, period, period);
    }

    /// <summary>Whether the work that is going on, or that ended last, was cut.</summary>
    public bool IsCut
    {
        get
        {
            lock (gate)
                return cutTooLong is not null;
        }
    }

    /// <summary>The model begins a piece of work.</summary>
    /// <param name="mayYield">Whether a command may take its place: not for an answer, nor for the mask of an edge, which comes only once.</param>
    public void Begin(bool mayYield)
    {
        lock (gate)
            (atWork, isAutomatic, cutTooLong, began) = (true, mayYield, null, time.GetTimestamp());
    }

    /// <summary>The work begun last is over.</summary>
    /// <param name="isWhole">It came to its own end.</param>
    public void End(bool isWhole)
    {
        lock (gate)
        {
            atWork = false;
            if (cutTooLong is not null)
                setCut(false);
            if (!isWhole || !isAutomatic)
                return;
            lastAutomatic = time.GetElapsedTime(began);
            sparesNext = false;
        }
    }

    /// <summary>The exception that stands for the runtime's own, once work was cut.</summary>
    public InferenceCancelledException Explain()
    {
        lock (gate)
            return new InferenceCancelledException(cutTooLong == true);
    }

    /// <summary>
    /// A command waits: automatic work that by the last one's duration has long to go makes way for it. Never twice in a row, so that an operator who
    /// clicks without pause does not end the automatic masks.
    /// </summary>
    public void CommandArrived()
    {
        lock (gate)
        {
            if (!atWork || !isAutomatic || sparesNext || cutTooLong is not null)
                return;
            if ((lastAutomatic - time.GetElapsedTime(began)).TotalMilliseconds < PipelineLimits.CutForCommandMs)
                return;
            sparesNext = true;
            Cut(tooLong: false);
        }
    }

    private void Look()
    {
        lock (gate)
        {
            if (atWork && cutTooLong is null && time.GetElapsedTime(began) > limit)
                Cut(tooLong: true);
        }
    }

    private void Cut(bool tooLong)
    {
        cutTooLong = tooLong;
        setCut(true);
    }

    public void Dispose() => timer.Dispose();
}
