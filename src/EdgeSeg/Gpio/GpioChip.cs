using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using EdgeSeg.Vision.Platform;
using Microsoft.Win32.SafeHandles;

namespace EdgeSeg.Gpio;

/// <summary>An opened GPIO chip: its lines by number or name. Every error message has a remedy.</summary>
internal sealed unsafe class GpioChip : IDisposable
{
    private readonly SafeFileHandle handle;

    private GpioChip(string path, SafeFileHandle handle, string label, int lines) =>
        (Path, this.handle, Label, Lines) = (path, handle, label, lines);

    public string Path { get; }

    public string Label { get; }

    public int Lines { get; }

    /// <param name="path">A device node, such as <c>/dev/gpiochip0</c>, or a link to one.</param>
    /// <exception cref="OperatingException">It is not there, may not be used, or is no GPIO chip.</exception>
    public static GpioChip Open(string path)
    {
        var descriptor = LibC.Open(path, LibC.ReadWrite | LibC.CloseOnExec);
        if (descriptor < 0)
            throw Failure(path, Marshal.GetLastPInvokeError());
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        GpioAbi.ChipInfo info = default;
        if (LibC.Ioctl(handle, GpioAbi.GetChipInfo, &info) == 0)
            return new GpioChip(path, handle, Text(info.Label), (int)info.Lines);
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw Failure(path, error);
    }

    /// <summary>
    /// The number of the line with this number or name; a name of digits only is read as a number.
    /// </summary>
    /// <exception cref="OperatingException">There is none.</exception>
    public int Find(string line)
    {
        if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            if (number < Lines)
                return number;
            throw new OperatingException(
                $"{Path} ({Label}) has lines 0 to {Lines - 1}, none with number {number}: look it up with 'gpioinfo'"
            );
        }

        for (var i = 0; i < Math.Min(Lines, GpioLimits.GpioLines); i++)
            if (Look(i).Name == line)
                return i;
        throw new OperatingException($"{Path} ({Label}) has no line named {line}: look it up with 'gpioinfo'");
    }

    /// <summary>The line's name, and who uses it; both may be empty.</summary>
    public (string Name, string Consumer) Look(int line)
    {
        GpioAbi.LineInfo info = default;
        info.Offset = (uint)line;
        if (LibC.Ioctl(handle, GpioAbi.GetLineInfo, &info) != 0)
            throw Failure(Path, Marshal.GetLastPInvokeError());
        var consumer = Text(info.Consumer);
        return (Text(info.Name), (info.Flags & GpioAbi.Used) != 0 && consumer.Length == 0 ? "the kernel" : consumer);
    }

    /// <summary>Asks for a line of this chip; the returned handle outlives the chip.</summary>
    internal SafeFileHandle Request(ref GpioAbi.LineRequest request, int line)
    {
        fixed (GpioAbi.LineRequest* asked = &request)
        {
            asked->LineCount = 1;
            asked->Offsets[0] = (uint)line;
            "edgeseg"u8.CopyTo(new Span<byte>(asked->Consumer, GpioAbi.NameBytes));
            if (LibC.Ioctl(handle, GpioAbi.GetLine, asked) == 0)
                return new SafeFileHandle(asked->Descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        throw error switch
        {
            GpioAbi.EBUSY => new OperatingException(
                $"line {line} of {Path} is in use by {Look(line).Consumer}; stop that program, or choose another line"
            ),
            GpioAbi.EINVAL => new OperatingException(
                $"line {line} of {Path} does not support the requested edge, bias or debounce: "
                    + "set trigger.gpio.bias to \"as_is\", or choose another line"
            ),
            GpioAbi.ENXIO => new OperatingException(
                $"line {line} of {Path} gives no interrupts, so its edges cannot be seen: choose another line"
            ),
            _ => Failure(Path, error),
        };
    }

    internal static OperatingException Failure(string path, int error) =>
        new(
            error switch
            {
                GpioAbi.ENOENT => $"{path} is not there: look for the chip with 'gpiodetect', and correct the chip's path in the settings",
                GpioAbi.EACCES or GpioAbi.EPERM => $"{path} may not be used by {Environment.UserName}: add the user to the group gpio "
                    + $"('usermod -aG gpio {Environment.UserName}'), to which the package's udev rule gives GPIO chips",
                GpioAbi.ENODEV or GpioAbi.ENXIO => $"{path} has gone: connect the chip again",
                GpioAbi.ENOTTY or GpioAbi.EINVAL =>
                    $"{path} is no GPIO chip, or the kernel is older than 5.10: look for the chip with 'gpiodetect'",
                _ => $"{path} cannot be used ({Marshal.GetPInvokeErrorMessage(error)})",
            }
        );

    public void Dispose() => handle.Dispose();

    private static string Text(byte* text)
    {
        var bytes = new ReadOnlySpan<byte>(text, GpioAbi.NameBytes);
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
