using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EdgeSeg.Platform;

/// <summary>
/// Files of a few lines that the kernel writes when they are read (/proc, /sys), read once an interval for years: without the buffers,
/// eight kilobytes a file, that
/// <see cref="File.ReadAllText(string)"/> takes for itself.
/// </summary>
internal static class SmallFile
{
    /// <summary>The kernel gives a file of /sys at most a page; of longer ones the beginning is read.</summary>
    private const int MaxBytes = 4096;

    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Not for us.</exception>
    public static string Text(string path)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        using SafeFileHandle file = File.OpenHandle(path);
        var length = 0;
        while (length < MaxBytes && RandomAccess.Read(file, bytes[length..], length) is > 0 and var n)
            length += n;
        return Encoding.UTF8.GetString(bytes[..length]);
    }
}
