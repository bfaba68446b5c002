using System.Runtime.InteropServices;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;
using Microsoft.Win32.SafeHandles;

namespace EdgeSeg.Gpio;

/// <summary>
/// A line of a GPIO chip, read from its character device: the kernel stamps and numbers each edge in its interrupt handler and debounces
/// the line, so neither scheduling nor garbage collection affects the stamp. docs/decisions/gpio.md explains why not by
/// System.Device.Gpio.
/// </summary>
internal sealed unsafe class GpioLine : IInputLine
{
    private readonly SafeFileHandle handle;
    private uint lastSequence;

    private GpioLine(string name, SafeFileHandle handle) => (Name, this.handle) = (name, handle);

    public string Name { get; }

    public long Lost { get; private set; }

    /// <exception cref="OperatingException">No chip, no such line, in use, not allowed, or not able; the sentence says which and what to
    /// do.</exception>
    public static GpioLine Open(GpioTriggerSettings settings)
    {
        using var chip = GpioChip.Open(settings.Chip);
        var line = chip.Find(settings.Line);
        GpioAbi.LineRequest request = default;
        request.EventBufferSize = GpioLimits.GpioEventBuffer;
        request.Flags = GpioAbi.Input | Flags(settings);
        if (settings.DebounceMs > 0)
        {
            request.AttributeCount = 1;
            request.FirstAttribute.Attribute.Id = GpioAbi.AttributeDebounce;
            request.FirstAttribute.Attribute.Value = (uint)settings.DebounceMs * 1000;
            request.FirstAttribute.Mask = 1;
        }

        var name = chip.Look(line).Name;
        return new GpioLine($"line {line}{(name.Length > 0 ? $" ({name})" : "")} of {settings.Chip}", chip.Request(ref request, line));
    }

    public int Read(Span<LineEdge> edges, int timeoutMs)
    {
        if (!Wait(timeoutMs))
            return 0;
        var events = stackalloc GpioAbi.LineEvent[GpioLimits.GpioReadEvents];
        var asked = Math.Min(edges.Length, GpioLimits.GpioReadEvents);
        var bytes = LibC.Read(handle, events, (nuint)(asked * sizeof(GpioAbi.LineEvent)));
        if (bytes < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error is GpioAbi.EINTR or GpioAbi.EAGAIN ? 0 : throw GpioChip.Failure(Name, error);
        }

        var count = (int)bytes / sizeof(GpioAbi.LineEvent);
        for (var i = 0; i < count; i++)
        {
            // the kernel drops the oldest of a full buffer, which leaves a gap in the numbers
            Lost += events[i].LineSequence - lastSequence - 1;
            lastSequence = events[i].LineSequence;
            edges[i] = new LineEdge((long)events[i].TimestampNs, lastSequence, events[i].Id == GpioAbi.EventRising);
        }

        return count;
    }

    public void Dispose() => handle.Dispose();

    private bool Wait(int timeoutMs)
    {
        var kept = false;
        try
        {
            // held, so that a descriptor closed meanwhile is not somebody else's by now
            handle.DangerousAddRef(ref kept);
            var entry = new LibC.PollEntry { Descriptor = (int)handle.DangerousGetHandle(), Events = GpioAbi.PollIn };
            var found = LibC.Poll(&entry, 1, timeoutMs);
            if (found <= 0)
                return false;
            return (entry.Found & GpioAbi.PollIn) != 0 ? true : throw GpioChip.Failure(Name, GpioAbi.ENODEV);
        }
        finally
        {
            if (kept)
                handle.DangerousRelease();
        }
    }

    private static ulong Flags(GpioTriggerSettings settings) =>
        (settings.ActiveLow ? GpioAbi.ActiveLow : 0)
        | settings.Edge switch
        {
            GpioEdge.Rising => GpioAbi.EdgeRising,
            GpioEdge.Falling => GpioAbi.EdgeFalling,
            _ => GpioAbi.EdgeRising | GpioAbi.EdgeFalling,
        }
        | settings.Bias switch
        {
            GpioBias.PullUp => GpioAbi.BiasPullUp,
            GpioBias.PullDown => GpioAbi.BiasPullDown,
            GpioBias.Disabled => GpioAbi.BiasDisabled,
            _ => 0,
        };
}
