using System.ComponentModel;
using System.Runtime.InteropServices;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Platform;

/// <summary>
/// A folder in the use of one process, by flock(2) on the folder itself: no file is made, and the kernel releases it when the process ends,
/// however it ends.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private int descriptor;

    private FolderLock(int descriptor) => this.descriptor = descriptor;

    /// <summary>Null, with the reason, where the disk knows no locks or the folder cannot be opened.</summary>
    /// <exception cref="OperatingException">Another process has the folder.</exception>
    public static FolderLock? TryTake(string folder, out string problem)
    {
        problem = "";
        var descriptor = LibC.Open(folder, LibC.ReadOnly | LibC.CloseOnExec);
        if (descriptor >= 0 && LibC.Lock(descriptor, LibC.ExclusiveWithoutWait) == 0)
            return new FolderLock(descriptor);
        var error = Marshal.GetLastPInvokeError();
        if (descriptor >= 0)
            _ = LibC.Close(descriptor);
        if (descriptor >= 0 && error == LibC.TryAgain)
            throw new OperatingException(
                $"another edgeseg run uses the state_dir {folder}: stop it (systemctl status edgeseg), or set another state_dir"
            );
        problem = new Win32Exception(error).Message;
        return null;
    }

    public void Dispose()
    {
        if (descriptor >= 0)
            _ = LibC.Close(descriptor);
        descriptor = -1;
    }
}
