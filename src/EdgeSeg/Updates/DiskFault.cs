using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>Names what is wrong with the disk of the updates.</summary>
internal static class DiskFault
{
    // errno; the same numbers on x86-64 and arm64
    private const int NoSpace = 28,
        OverQuota = 122;

    /// <param name="fault">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> of a call on the device's own
    /// disk.</param>
    /// <param name="folder">The folder.</param>
    public static UpdateException Of(Exception fault, string folder)
    {
        var why = fault.Message.ReplaceLineEndings(" ");
        return fault is IOException { HResult: NoSpace or OverQuota }
            ? new UpdateException(UpdateReason.DiskFull, $"the disk of {folder} is full: {why}", retry: true)
            : new UpdateException(
                UpdateReason.DiskFailed,
                fault is UnauthorizedAccessException
                    ? $"{folder} cannot be written by {Environment.UserName} ({why}): give the folder and all in it the owner of state_dir"
                    : $"{folder} cannot be written: {why}",
                retry: true
            );
    }
}
