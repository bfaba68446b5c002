using System.Text;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Catches what native libraries write to standard error while a picture is decoded: libjpeg reports only there that a file is damaged,
/// without naming it. One capture at a time in the process; <see cref="Console.Error"/> is not affected, as .NET writes to a descriptor of
/// its own.
/// </summary>
internal static unsafe class NativeStderr
{
    /// <summary>Longest text that is kept of one capture, in bytes: a damaged picture gives a few lines.</summary>
    private const int MaxBytes = 4 << 10;

    private static readonly Lock gate = new();
    private static readonly int memory,
        original;

    static NativeStderr()
    {
        // opens .NET's own descriptor before the first capture
        Console.Error.Flush();
        original = LibC.Duplicate(LibC.StandardError);
        memory = LibC.CreateMemoryFile("edgeseg-stderr", LibC.MemoryCloseOnExec);
    }

    /// <summary>Starts the capture; <see cref="Capture.End"/> or disposing ends it, on the same thread.</summary>
    public static Capture Begin()
    {
        gate.Enter();
        // without the descriptors (a kernel before 3.17) nothing is captured and the text goes to standard error
        var isActive =
            original >= 0
            && memory >= 0
            && LibC.Truncate(memory, 0) == 0
            && LibC.Seek(memory, 0, LibC.SeekStart) == 0
            && LibC.Duplicate(memory, LibC.StandardError) >= 0;
        return new Capture(isActive);
    }

    /// <summary>A running capture.</summary>
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
                _ = LibC.Duplicate(original, LibC.StandardError);
                var length = (int)Math.Min(LibC.Seek(memory, 0, LibC.SeekCurrent), MaxBytes);
                if (length <= 0)
                    return "";
                var bytes = stackalloc byte[MaxBytes];
                var read = (int)LibC.ReadAt(memory, bytes, (nuint)length, 0);
                return read <= 0 ? "" : Encoding.UTF8.GetString(bytes, read).Trim();
            }
            finally
            {
                gate.Exit();
            }
        }

        public void Dispose() => End();
    }
}
