using System.Collections.Concurrent;

namespace EdgeSeg.Capture;

/// <summary>
/// A fixed number of frame slots whose pixel memory is kept between uses. A leak is visible: <see cref="Taken"/> is not zero at the end,
/// and <see cref="TryTake"/> answers false, which the camera counts as a drop of cause <c>no_slot</c>.
/// </summary>
internal sealed class FramePool : IDisposable
{
    private readonly ConcurrentBag<Frame> free = [];
    private int taken;

    public FramePool(int slots)
    {
        Slots = slots;
        for (var i = 0; i < slots; i++)
            free.Add(new Frame(this));
    }

    public int Slots { get; }

    /// <summary>Slots in use.</summary>
    public int Taken => Volatile.Read(ref taken);

    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Frame? frame)
    {
        if (!free.TryTake(out frame))
            return false;
        frame.Take();
        Interlocked.Increment(ref taken);
        return true;
    }

    internal void Return(Frame frame)
    {
        Interlocked.Decrement(ref taken);
        free.Add(frame);
    }

    public void Dispose()
    {
        while (free.TryTake(out var frame))
            frame.Pixels.Dispose();
    }
}
