using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Gpio;

/// <summary>
/// An edge on a line: when (nanoseconds of the monotonic clock, the same that frames are stamped with), which number it has on its line,
/// counted from 1, and whether the line went active.
/// </summary>
internal readonly record struct LineEdge(long Ns, uint Sequence, bool Rising);

/// <summary>An input line. One thread reads; any thread may dispose.</summary>
internal interface IInputLine : IDisposable
{
    /// <summary>Its name for people: "line 17 (DOOR) of /dev/gpiochip0".</summary>
    string Name { get; }

    /// <summary>Edges that were lost, since they came faster than they were read.</summary>
    long Lost { get; }

    /// <summary>
    /// Waits for edges and takes what is there, at most <paramref name="edges"/>' length; 0 when none came within the time.
    /// </summary>
    /// <exception cref="OperatingException">The line is gone, for example because its chip was unplugged.</exception>
    int Read(Span<LineEdge> edges, int timeoutMs);
}
