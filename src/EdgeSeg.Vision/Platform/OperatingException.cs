namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Something outside the program is not as it must be: a file, a model, a broker, an argument. The message is one sentence with the reason
/// and the remedy. It is shown as it is, without a stack trace. <see cref="ExitCode"/>: 1 for a failure, 2 for bad usage or configuration.
/// </summary>
internal sealed class OperatingException(string message, int exitCode = 1) : VisionException(message)
{
    public int ExitCode { get; } = exitCode;
}
