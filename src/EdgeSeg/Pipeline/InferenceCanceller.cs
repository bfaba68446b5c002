using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Pipeline;

/// <summary>A run of the model was cancelled: it took too long, or a command came.</summary>
internal sealed class InferenceCancelledException(bool timedOut, TimeSpan limit)
    : Exception(
        timedOut ? $"inference timed out after {limit.TotalSeconds:0.#} s (model.timeout_s)" : "inference was cancelled for a command"
    )
{
    public bool TimedOut => timedOut;
}

/// <summary>
/// Watches the model's runs and cancels two kinds: a run that takes longer than the limit, and an automatic run that would keep a command
/// waiting for long. The runtime sees the cancellation between two operators of the graph; an operator that hangs itself is left to the
/// watchdog. One run at a time; the other members may be called by any thread.
/// </summary>
internal sealed class InferenceCanceller : IDisposable
{
    private readonly Lock gate = new();
    private readonly Action<bool> setCancelled;
    private readonly TimeSpan limit;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private bool isRunning,
        mayYield,
        sparesNext;
    private bool? cancelledByTimeout;
    private long began;
    private TimeSpan lastAutomatic;

    /// <param name="setCancelled">True makes the model's runs end with an error, false allows them again. Called under this class's
    /// lock.</param>
    /// <param name="limit">Longest time of one run.</param>
    /// <param name="time">Clock and timer.</param>
    public InferenceCanceller(Action<bool> setCancelled, TimeSpan limit, TimeProvider time)
    {
        (this.setCancelled, this.limit, this.time) = (setCancelled, limit, time);
        var period = TimeSpan.FromMilliseconds(PipelineLimits.RunWatchMs);
        timer = time.CreateTimer(static canceller => ((InferenceCanceller)canceller!).CheckTime(), this, period, period);
    }

    /// <summary>
    /// Runs the model; allocates nothing when <paramref name="run"/> is a static lambda and <typeparamref name="T"/> a struct.
    /// </summary>
    /// <param name="mayYield">Whether a command may cancel the run: not an answer, and not the mask of an edge, which comes only
    /// once.</param>
    /// <param name="state">Passed to <paramref name="run"/>.</param>
    /// <param name="run">Calls the model.</param>
    /// <exception cref="InferenceCancelledException">The run was cancelled.</exception>
    public void Run<T>(bool mayYield, T state, Action<T> run)
    {
        var isComplete = false;
        Begin(mayYield);
        try
        {
            run(state);
            isComplete = true;
        }
        catch (OnnxRuntimeException) when (IsCancelled)
        {
            throw new InferenceCancelledException(IsTimedOut, limit);
        }
        finally
        {
            End(isComplete);
        }
    }

    /// <summary>A command waits: an automatic run that needs much longer, estimated from the last one, is cancelled. Never twice in a row,
    /// so that masks still come while an operator clicks without pause.</summary>
    public void CommandArrived()
    {
        lock (gate)
        {
            if (!isRunning || !mayYield || sparesNext || cancelledByTimeout is not null)
                return;
            if ((lastAutomatic - time.GetElapsedTime(began)).TotalMilliseconds < PipelineLimits.YieldMinMs)
                return;
            sparesNext = true;
            Cancel(byTimeout: false);
        }
    }

    private bool IsCancelled
    {
        get
        {
            lock (gate)
                return cancelledByTimeout is not null;
        }
    }

    private bool IsTimedOut
    {
        get
        {
            lock (gate)
                return cancelledByTimeout == true;
        }
    }

    private void Begin(bool canYield)
    {
        lock (gate)
            (isRunning, mayYield, cancelledByTimeout, began) = (true, canYield, null, time.GetTimestamp());
    }

    private void End(bool isComplete)
    {
        lock (gate)
        {
            isRunning = false;
            if (cancelledByTimeout is not null)
                setCancelled(false);
            if (!isComplete || !mayYield)
                return;
            lastAutomatic = time.GetElapsedTime(began);
            sparesNext = false;
        }
    }

    private void CheckTime()
    {
        lock (gate)
        {
            if (isRunning && cancelledByTimeout is null && time.GetElapsedTime(began) > limit)
                Cancel(byTimeout: true);
        }
    }

    private void Cancel(bool byTimeout)
    {
        cancelledByTimeout = byTimeout;
        setCancelled(true);
    }

    public void Dispose() => timer.Dispose();
}
