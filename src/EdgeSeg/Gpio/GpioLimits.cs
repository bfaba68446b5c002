namespace EdgeSeg.Gpio;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class GpioLimits
{
    /// <summary>Edges that the kernel buffers: 64 ms of them at 1 kHz; the kernel's default is 16.</summary>
    public const int GpioEventBuffer = 64;

    /// <summary>Edges taken in one read.</summary>
    public const int GpioReadEvents = 16;

    /// <summary>Lines of a chip that are searched for a name.</summary>
    public const int GpioLines = 1024;

    /// <summary>Longest wait for an edge before the reading thread checks whether it is to end, in milliseconds.</summary>
    public const int GpioWaitMs = 250;

    /// <summary>Wait before a line that failed is opened again, in ms.</summary>
    public const int GpioRetryMs = 5_000;
}
