using System.ComponentModel;
using System.Runtime.InteropServices;
using EdgeSeg.Updates;

namespace EdgeSeg.Platform;

/// <summary>Writing that a power cut cannot halve: what returned from here is on the disk, whole.</summary>
internal static partial class AtomicFile
{
    // O_RDONLY | O_CLOEXEC; O_DIRECTORY is another bit on arm64
    private const int ReadOnlyFolder = 0x80000;

    /// <summary>Replaces a file's content, all or nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="point">Names its <see cref="FailPoint"/>s.</param>
    public static void WriteFile(string path, ReadOnlySpan<byte> content, string point)
    {
        var draft = path + ".tmp";
        FailPoint.Hit(point + ":create");
        using (var file = File.OpenHandle(draft, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            // two halves, so that a test can stop between them
            RandomAccess.Write(file, content[..(content.Length / 2)], 0);
            FailPoint.Hit(point + ":half");
            RandomAccess.Write(file, content[(content.Length / 2)..], content.Length / 2);
            FailPoint.Hit(point + ":unsynced");
            RandomAccess.FlushToDisk(file);
        }

        FailPoint.Hit(point + ":unnamed");
        Rename(draft, path);
        FailPoint.Hit(point + ":done");
    }

    /// <summary>Points a symbolic link elsewhere, in one step.</summary>
    public static void Link(string path, string target, string point)
    {
        var draft = path + ".tmp";
        File.Delete(draft);
        FailPoint.Hit(point + ":create");
        File.CreateSymbolicLink(draft, target);
        FailPoint.Hit(point + ":unnamed");
        Rename(draft, path);
        FailPoint.Hit(point + ":done");
    }

    /// <summary>rename(2), and the folder that holds the new name synchronised. Files, links and folders.</summary>
    public static void Rename(string from, string to)
    {
        if (RenameCall(from, to) != 0) throw Failed($"{from} cannot be renamed to {to}");
        SyncFolder(Path.GetDirectoryName(to)!);
    }

    public static void Delete(string path)
    {
        File.Delete(path);
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    public static void SyncFile(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    public static void SyncFolder(string folder)
    {
        var descriptor = Open(folder, ReadOnlyFolder);
        if (descriptor < 0) throw Failed($"{folder} cannot be opened");
        var failed = FSync(descriptor) != 0 ? Failed($"{folder} cannot be synchronised") : null;
        _ = Close(descriptor);
        if (failed is not null) throw failed;
    }

    private static IOException Failed(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what} ({new Win32Exception(error).Message})", error);
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCall(string from, string to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
