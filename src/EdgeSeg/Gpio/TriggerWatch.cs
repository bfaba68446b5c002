using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Gpio;

/// <summary>
/// Reads a line while the service runs, on a thread of its own, and passes every edge to the gates. A line that cannot be opened, or is
/// lost, is opened again without end; meanwhile <see cref="Fault"/> holds the reason, and the service goes on without it.
/// </summary>
internal sealed class TriggerWatch : IDisposable
{
    private readonly Func<IInputLine> open;
    private readonly Action<LineEdge> onEdge;
    private readonly Action<string?> changed;
    private readonly CancellableDelay pause;
    private readonly Thread thread;
    private volatile bool stopping;
    private volatile string? fault;
    private long edges,
        lostBefore,
        lost;

    /// <param name="open">Opens the line; throws <see cref="OperatingException"/> when it cannot.</param>
    /// <param name="onEdge">Takes each edge, on this class's thread.</param>
    /// <param name="changed">Called when the line fails (with the reason) and when it works again (null).</param>
    /// <param name="time">Waits between attempts.</param>
    public TriggerWatch(Func<IInputLine> open, Action<LineEdge> onEdge, Action<string?> changed, TimeProvider time)
    {
        (this.open, this.onEdge, this.changed) = (open, onEdge, changed);
        pause = new CancellableDelay(time);
        thread = new Thread(Listen) { Name = "trigger", IsBackground = true };
    }

    /// <summary>Why the line is not read; null while it is.</summary>
    public string? Fault => fault;

    /// <summary>Edges read since the start.</summary>
    public long Edges => Interlocked.Read(ref edges);

    /// <summary>Edges that the kernel dropped since the start, because they came faster than they were read.</summary>
    public long Lost => Interlocked.Read(ref lost);

    public void Start() => thread.Start();

    private void Listen()
    {
        var buffer = new LineEdge[GpioLimits.GpioReadEvents];
        while (!stopping)
        {
            try
            {
                using var line = open();
                Report(null);
                while (!stopping)
                    Pass(line, buffer);
            }
            catch (OperatingException e)
            {
                lostBefore = Lost;
                Report(e.Message);
                if (!pause.Wait(TimeSpan.FromMilliseconds(GpioLimits.GpioRetryMs)))
                    return;
            }
        }
    }

    private void Pass(IInputLine line, LineEdge[] buffer)
    {
        var count = line.Read(buffer, GpioLimits.GpioWaitMs);
        Interlocked.Exchange(ref lost, lostBefore + line.Lost);
        Interlocked.Add(ref edges, count);
        for (var i = 0; i < count; i++)
            onEdge(buffer[i]);
    }

    private void Report(string? sentence)
    {
        if (sentence == fault)
            return;
        fault = sentence;
        changed(sentence);
    }

    public void Dispose()
    {
        stopping = true;
        pause.Cancel();
        if (thread.IsAlive && thread != Thread.CurrentThread)
            thread.Join(2 * GpioLimits.GpioWaitMs);
        pause.Dispose();
    }
}
