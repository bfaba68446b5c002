using System.ComponentModel;
using System.Runtime.InteropServices;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Platform;

/// <summary>
/// Atomic writes: after a power cut a file holds the old content or the new one. When a call returns, its change is on the disk.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Replaces a file's content, all or nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="point">Prefix of the names of its <see cref="FailPoint"/>s.</param>
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

    /// <summary>Changes the target of a symbolic link atomically.</summary>
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

    /// <summary>rename(2), then a sync of the folder that holds the new name. For files, links and folders.</summary>
    public static void Rename(string from, string to)
    {
        if (LibC.Rename(from, to) != 0)
            throw Failed($"{from} cannot be renamed to {to}");
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
        // O_DIRECTORY has another value on arm64, and is not needed
        var descriptor = LibC.Open(folder, LibC.ReadOnly | LibC.CloseOnExec);
        if (descriptor < 0)
            throw Failed($"{folder} cannot be opened");
        var failed = LibC.Sync(descriptor) != 0 ? Failed($"{folder} cannot be synchronised") : null;
        _ = LibC.Close(descriptor);
        if (failed is not null)
            throw failed;
    }

    private static IOException Failed(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what} ({new Win32Exception(error).Message})", error);
    }
}
