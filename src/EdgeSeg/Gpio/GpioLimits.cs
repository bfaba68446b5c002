namespace EdgeSeg.Gpio;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class GpioLimits
{
    /// <summary>Edges that the kernel holds for us: at a 1 kHz burst, 64 ms of them; the kernel's own default is 16.</summary>
    public const int GpioEventBuffer = 64;

    /// <summary>Edges taken in one read.</summary>
    public const int GpioReadEvents = 16;

    /// <summary>Lines of a chip that are searched for a name.</summary>
    public const int GpioLines = 1024;

    /// <summary>Longest wait for an edge before the listening thread looks around, in ms.</summary>
    public const int GpioWaitMs = 250;

    /// <summary>Wait before a line that failed is opened again, in ms.</summary>
    public const int GpioRetryMs = 5_000;
}
