using System.ComponentModel;
using System.Runtime.InteropServices;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Atomic writes: after a power cut a file holds the old content or the new one. When a call returns, its change is on the disk;
/// <see cref="Replace"/> alone leaves that to the system.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Ending of the file that is written first and then renamed. A process that is killed can leave one.</summary>
    public const string DraftSuffix = ".tmp";

    /// <summary>Receives the name of each step between two writes to the disk. Only builds for tests set it.</summary>
    public static Action<string>? StepPassed { get; set; }

    /// <summary>
    /// Replaces a file's content, all or nothing. The draft has one name, so that an interruption leaves one file at most: for folders that
    /// are this program's own.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="point">Prefix of the names of its steps.</param>
    /// <param name="mode">Permissions of the file; null: those that the umask gives.</param>
    public static void WriteFile(string path, ReadOnlySpan<byte> content, string point, UnixFileMode? mode = null)
    {
        var draft = path + DraftSuffix;
        Passed(point, ":create");
        using (var file = Create(draft, FileMode.Create, mode))
            Write(file, content, point);
        Passed(point, ":unnamed");
        Rename(draft, path);
        Passed(point, ":done");
    }

    /// <summary>Replaces a file's content, all or nothing, in a folder with files of other programs: none of them is changed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="point">Prefix of the names of its steps.</param>
    public static void WriteAmongOthers(string path, ReadOnlySpan<byte> content, string point)
    {
        var draft = Path.Combine(Path.GetDirectoryName(path)!, $"edgeseg-{Path.GetRandomFileName()}{DraftSuffix}");
        // fails where a file has this name
        var file = Create(draft, FileMode.CreateNew, null);
        try
        {
            using (file)
                Write(file, content, point);
            Rename(draft, path);
        }
        catch (IOException)
        {
            File.Delete(draft);
            throw;
        }
    }

    /// <summary>
    /// Replaces a file's content, so that a reader finds the old content or the new one. Nothing waits for the disk: for results that a
    /// further run can make again.
    /// </summary>
    public static void Replace(string path, Action<Stream> write)
    {
        var draft = path + DraftSuffix;
        using (var file = File.Create(draft))
            write(file);
        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Changes the target of a symbolic link atomically.</summary>
    public static void Link(string path, string target, string point)
    {
        var draft = path + DraftSuffix;
        File.Delete(draft);
        Passed(point, ":create");
        File.CreateSymbolicLink(draft, target);
        Passed(point, ":unnamed");
        Rename(draft, path);
        Passed(point, ":done");
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

    private static void Write(FileStream file, ReadOnlySpan<byte> content, string point)
    {
        // two halves, so that a test can stop between them
        RandomAccess.Write(file.SafeFileHandle, content[..(content.Length / 2)], 0);
        Passed(point, ":half");
        RandomAccess.Write(file.SafeFileHandle, content[(content.Length / 2)..], content.Length / 2);
        Passed(point, ":unsynced");
        RandomAccess.FlushToDisk(file.SafeFileHandle);
    }

    private static FileStream Create(string path, FileMode open, UnixFileMode? mode)
    {
        var options = new FileStreamOptions
        {
            Mode = open,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (mode is not null && !OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        return new FileStream(path, options);
    }

    private static void Passed(string point, string step) => StepPassed?.Invoke(point + step);

    private static IOException Failed(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what} ({new Win32Exception(error).Message})", error);
    }
}
