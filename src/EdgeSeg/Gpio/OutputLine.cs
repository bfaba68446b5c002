using System.Device.Gpio;
using System.Device.Gpio.Drivers;
using System.Runtime.InteropServices;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Gpio;

/// <summary>
/// An output line to a machine: a level that lasts, or a pulse for each "on". Off at the start and when disposed. Any thread.
/// Driven by System.Device.Gpio through libgpiod; what the line does after a kill -9 is up to the chip, so a fault output should be wired
/// active-low.
/// </summary>
internal sealed class OutputLine : IDisposable
{
    private readonly Lock gate = new();
    private readonly Action<bool> write;
    private readonly IDisposable? owner;
    private readonly TimeSpan pulse;
    private readonly ITimer timer;
    private readonly bool activeLow;
    private bool disposed;

    /// <param name="settings">Mode, pulse length, active-low.</param>
    /// <param name="write">Sets the voltage: true is high.</param>
    /// <param name="time">Ends pulses.</param>
    /// <param name="owner">Disposed with the line.</param>
    public OutputLine(OutputSettings settings, Action<bool> write, TimeProvider time, IDisposable? owner = null)
    {
        (this.write, this.owner, activeLow) = (write, owner, settings.ActiveLow);
        pulse = settings.Mode == OutputMode.Pulse ? TimeSpan.FromMilliseconds(settings.PulseMs) : TimeSpan.Zero;
        timer = time.CreateTimer(static line => ((OutputLine)line!).End(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Put(false);
    }

    /// <exception cref="OperatingException">No chip, no such line, in use, not allowed, or no libgpiod; the sentence says which and what to
    /// do.</exception>
    public static OutputLine Open(OutputSettings settings, TimeProvider time)
    {
        int line;
        using (var chip = GpioChip.Open(settings.Chip))
        {
            line = chip.Find(settings.Line);
            if (chip.Look(line).Consumer is { Length: > 0 } user)
                throw new OperatingException($"line {line} of {settings.Chip} is in use by {user}: stop that, or choose another line");
        }

        GpioController? controller = null;
        try
        {
            controller = new GpioController(Driver(ChipNumber(settings.Chip)));
            controller.OpenPin(line, PinMode.Output, settings.ActiveLow ? PinValue.High : PinValue.Low);
            var opened = controller;
            return new OutputLine(settings, high => opened.Write(line, high ? PinValue.High : PinValue.Low), time, controller);
        }
        catch (Exception e)
            when (e is GpiodException or IOException or InvalidOperationException or DllNotFoundException or UnauthorizedAccessException)
        {
            controller?.Dispose();
            throw new OperatingException(
                $"line {line} of {settings.Chip} cannot be driven ({e.Message}): choose a line that 'gpioinfo' shows as unused"
            );
        }
    }

    /// <summary>Switches the line on, until the next call or for the length of a pulse. Off ends a pulse at once.</summary>
    public void Set(bool on)
    {
        lock (gate)
        {
            if (disposed)
                return;
            Put(on);
            if (pulse > TimeSpan.Zero)
                timer.Change(on ? pulse : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
                return;
            disposed = true;
            Put(false);
        }

        timer.Dispose();
        owner?.Dispose();
    }

    private void End()
    {
        lock (gate)
        {
            if (!disposed)
                Put(false);
        }
    }

    private void Put(bool on) => write(on != activeLow);

    /// <summary>
    /// Chosen explicitly: the library's own choice prefers the interfaces of old kernels. Debian 12, Ubuntu 22.04 and JetPack 6 have
    /// libgpiod 1, later ones 2.
    /// </summary>
    private static GpioDriver Driver(int chip)
    {
#pragma warning disable SDGPIO0001 // libgpiod 2 is the only one on newer systems
        if (NativeLibrary.TryLoad("libgpiod.so.3", out _))
            return new LibGpiodV2Driver(chip);
#pragma warning restore SDGPIO0001
        if (NativeLibrary.TryLoad("libgpiod.so.2", out _))
            return new LibGpiodDriver(chip);
        throw new OperatingException(
            "GPIO outputs need libgpiod, which is not installed: apt-get install libgpiod2 (libgpiod3 from Debian 13 and Ubuntu 24.10 on)"
        );
    }

    private static int ChipNumber(string path)
    {
        var node = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        const string prefix = "/dev/gpiochip";
        return node.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(node.AsSpan(prefix.Length), out var number)
            ? number
            : throw new OperatingException(
                $"{path} is not one of /dev/gpiochip0, /dev/gpiochip1 and so on: correct the output's chip in the settings"
            );
    }
}
