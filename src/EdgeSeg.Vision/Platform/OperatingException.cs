namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Something outside the program is not as it must be: a file, a model, a broker, an argument. The message is one sentence with the reason,
/// and the remedy where there is one; it is shown as it stands, without a stack trace. <see cref="ExitCode"/> 1: failed, 2: bad usage or configuration.
/// </summary>
internal sealed class OperatingException(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
