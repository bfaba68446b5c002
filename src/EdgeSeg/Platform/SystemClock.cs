using System.Runtime.InteropServices;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Platform;

/// <summary>Whether the wall clock is set by a time server.</summary>
internal static class SystemClock
{
    /// <summary>True when systemd-timesyncd (its file below <paramref name="run"/>) or the kernel (chrony, ntpd) reports it.</summary>
    public static bool IsSynchronised(string run = "/run") =>
        File.Exists(Path.Combine(run, "systemd/timesync/synchronized")) || KernelClockIsSynchronised();

    private static bool KernelClockIsSynchronised()
    {
        const int clockError = 5;
        // struct timex, zeroed: modes 0 only reads; 208 bytes on 64-bit Linux, with room to spare
        Span<byte> timex = stackalloc byte[512];
        timex.Clear();
        var state = LibC.AdjustTime(ref MemoryMarshal.GetReference(timex));
        return state is >= 0 and not clockError;
    }
}
