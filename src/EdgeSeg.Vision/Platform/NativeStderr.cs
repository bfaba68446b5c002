using System.Runtime.InteropServices;
using System.Text;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Catches what native libraries write to standard error while a picture is decoded: libjpeg says only there that a file is damaged,
/// without naming it. One capture at a time in the process; <see cref="Console.Error"/> is not affected, as .NET writes to a descriptor of
/// its own.
/// </summary>
internal static unsafe partial class NativeStderr
{
    private const int Descriptor = 2;
    private const uint CloseOnExec = 1;
    private const int SeekCurrent = 1;

    /// <summary>Longest text that is kept of one capture, in bytes: a damaged picture gives a few lines.</summary>
    private const int MaxBytes = 4 << 10;

    private static readonly Lock gate = new();
    private static readonly int memory,
        original;

    static NativeStderr()
    {
        // opens .NET's own descriptor before the first capture
        Console.Error.Flush();
        original = Duplicate(Descriptor);
        memory = CreateMemory("edgeseg-stderr", CloseOnExec);
    }

    /// <summary>Begins to catch; <see cref="Capture.End"/> or disposing ends it. On the same thread.</summary>
    public static Capture Begin()
    {
        gate.Enter();
        // without the descriptors (a kernel before 3.17) nothing is caught and the text goes where it always went
        var isActive =
            original >= 0 && memory >= 0 && Truncate(memory, 0) == 0 && Seek(memory, 0, 0) == 0 && Duplicate(memory, Descriptor) >= 0;
        return new Capture(isActive);
    }

    /// <summary>A capture under way.</summary>
    internal ref struct Capture(bool isActive)
    {
        private bool isOpen = true;

        /// <summary>Ends the capture and returns what was written; empty, without allocation, when nothing was.</summary>
        public string End()
        {
            if (!isOpen)
                return "";
            isOpen = false;
            try
            {
                if (!isActive)
                    return "";
                _ = Duplicate(original, Descriptor);
                var length = (int)Math.Min(Seek(memory, 0, SeekCurrent), MaxBytes);
                if (length <= 0)
                    return "";
                var bytes = stackalloc byte[MaxBytes];
                var read = (int)ReadAt(memory, bytes, (nuint)length, 0);
                return read <= 0 ? "" : Encoding.UTF8.GetString(bytes, read).Trim();
            }
            finally
            {
                gate.Exit();
            }
        }

        public void Dispose() => End();
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateMemory(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Truncate(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "lseek")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial long Seek(int descriptor, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "pread")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint ReadAt(int descriptor, byte* buffer, nuint bytes, long offset);
}
