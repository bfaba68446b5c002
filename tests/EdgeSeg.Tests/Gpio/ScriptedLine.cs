using System.Collections.Concurrent;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Gpio;

/// <summary>A line without a wire: edges are put in by hand. For tests, and for boards that have no GPIO.</summary>
internal sealed class ScriptedLine(string name = "scripted") : IInputLine
{
    private readonly BlockingCollection<LineEdge> script = new(GpioLimits.GpioEventBuffer);
    private uint sequence,
        read;
    private volatile bool gone;

    public string Name => name;

    public long Lost { get; private set; }

    /// <summary>An edge now; lost, as on the real line, when the buffer is full.</summary>
    public void Fire(long ns, bool rising = true) => script.TryAdd(new LineEdge(ns, Interlocked.Increment(ref sequence), rising));

    /// <summary>The chip is pulled out: what waits is still read, then reading fails.</summary>
    public void Unplug()
    {
        gone = true;
        script.CompleteAdding();
    }

    public int Read(Span<LineEdge> edges, int timeoutMs)
    {
        var count = 0;
        while (count < edges.Length && script.TryTake(out var edge, count == 0 ? timeoutMs : 0))
        {
            Lost += edge.Sequence - read - 1;
            read = edge.Sequence;
            edges[count++] = edge;
        }

        if (count == 0 && gone)
            throw new OperatingException($"{name} is gone: plug it in again");
        return count;
    }

    public void Dispose() => script.CompleteAdding();
}
