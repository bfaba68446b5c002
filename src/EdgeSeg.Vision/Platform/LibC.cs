using System.Runtime.InteropServices;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// All calls of the C library, of this assembly and of the service: those that .NET does not offer. A result below zero is a failure;
/// <see cref="Marshal.GetLastPInvokeError"/> has errno.
/// </summary>
internal static unsafe partial class LibC
{
    /// <summary>access(2): the process may read and write the file.</summary>
    public const int ReadAndWriteAccess = 6;
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int CloseOnExec = 0x80000;
    public const int StandardOutput = 1;
    public const int StandardError = 2;

    /// <summary>flock(2): for one process alone, without waiting for another.</summary>
    public const int ExclusiveWithoutWait = 2 | 4;

    /// <summary>memfd_create(2): closed in a child process.</summary>
    public const uint MemoryCloseOnExec = 1;

    /// <summary>lseek(2): from the start of the file.</summary>
    public const int SeekStart = 0;

    /// <summary>lseek(2): from the current offset.</summary>
    public const int SeekCurrent = 1;

    /// <summary>dlopen(3): symbols are bound at their first call.</summary>
    public const int LazyBinding = 1;

    /// <summary>errno: a signal came before a byte was written.</summary>
    public const int Interrupted = 4;

    /// <summary>errno: the descriptor does not block, and there is no room now.</summary>
    public const int TryAgain = 11;

    /// <summary>errno: nobody reads the pipe any more.</summary>
    public const int BrokenPipe = 32;

    /// <summary>poll(2): there is room to write.</summary>
    public const short PollOut = 4;
    public const int SigKill = 9;
    public const int SigTerm = 15;

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Found;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Access(string path, int mode);

    /// <summary>statx(2) of a path with links followed; <paramref name="found"/> is the first of 256 bytes, struct statx.</summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Status(int folder, string path, int flags, uint mask, ref byte found);

    /// <summary>flock(2): released when the descriptor is closed, at the latest with the process.</summary>
    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Lock(int descriptor, int operation);

    /// <summary>setgroups(2): the supplementary groups of this process.</summary>
    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SetGroups(nuint count, uint* groups);

    /// <summary>setgid(2): of all threads.</summary>
    [LibraryImport("libc", EntryPoint = "setgid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SetGroup(uint group);

    /// <summary>setuid(2): of all threads.</summary>
    [LibraryImport("libc", EntryPoint = "setuid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SetUser(uint user);

    /// <summary>Null on failure; <paramref name="resolved"/> has room for PATH_MAX bytes.</summary>
    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial byte* RealPath(string path, byte* resolved);

    /// <param name="pid">Below zero: the process group of this number.</param>
    /// <param name="signal">Its number.</param>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Kill(int pid, int signal);

    /// <param name="resource">RLIMIT_*.</param>
    /// <param name="limits">Soft and hard limit.</param>
    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SetResourceLimit(int resource, [In] nuint[] limits);

    /// <summary>The state of the kernel's clock; <paramref name="timex"/> is the first byte of a zeroed struct timex.</summary>
    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int AdjustTime(ref byte timex);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Ioctl(SafeHandle descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint Read(SafeHandle descriptor, void* buffer, nuint bytes);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint Write(int descriptor, void* buffer, nuint bytes);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint ReadAt(int descriptor, void* buffer, nuint bytes, long offset);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Duplicate(int descriptor);

    /// <summary>dup2(2): <paramref name="to"/> becomes a copy of <paramref name="from"/>.</summary>
    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int CreateMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Truncate(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial long Seek(int descriptor, long offset, int origin);

    /// <summary>Changes the environment that native code reads; .NET's own functions change a copy.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SetEnvironment(string name, string value, int overwrite);

    /// <summary>Unlike <see cref="NativeLibrary.TryLoad(string, out nint)"/> it keeps the loader's reason. 0: not loaded.</summary>
    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint OpenLibrary(string path, int mode);

    /// <summary>The reason why the last <see cref="OpenLibrary"/> failed, as UTF-8; 0: none.</summary>
    [LibraryImport("libc", EntryPoint = "dlerror")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint LibraryError();
}
