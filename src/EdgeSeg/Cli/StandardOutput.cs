using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>Standard output cannot be written. Not an <see cref="IOException"/>, so that it is not taken for an error of a file.</summary>
/// <param name="isReaderGone">The reader of the pipe has ended, as <c>head</c> does: nothing is wrong.</param>
/// <param name="reason">The system's words.</param>
internal sealed class StandardOutputException(bool isReaderGone, string reason)
    : Exception($"standard output cannot be written ({reason}): check where it goes and that its disk has space")
{
    public bool IsReaderGone => isReaderGone;
}

/// <summary>
/// Standard output as a stream. Unlike that of <see cref="Console"/> it reports that the reader of a pipe is gone, so that a run ends
/// instead of going on for nobody.
/// </summary>
/// <param name="descriptor">Where the bytes go.</param>
/// <param name="ignoresFailures">For standard error: nobody could read of its failures.</param>
internal sealed class StandardOutput(int descriptor = LibC.StandardOutput, bool ignoresFailures = false) : Stream
{
    /// <summary>Makes the console's writers use this stream.</summary>
    public static void Install()
    {
        Console.SetOut(Writer(new StandardOutput()));
        // a descriptor of its own: NativeStderr redirects the first one for the native libraries
        Console.SetError(Writer(new StandardOutput(LibC.Duplicate(LibC.StandardError), ignoresFailures: true)));
    }

    private static TextWriter Writer(Stream stream) =>
        TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(false), bufferSize: 256) { AutoFlush = true });

    /// <exception cref="StandardOutputException">It cannot be written.</exception>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written;
            fixed (byte* first = buffer)
                written = LibC.Write(descriptor, first, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == LibC.TryAgain)
                Wait();
            else if (error != LibC.Interrupted && ignoresFailures)
                return;
            else if (error != LibC.Interrupted)
                throw new StandardOutputException(error == LibC.BrokenPipe, new Win32Exception(error).Message);
        }
    }

    private unsafe void Wait()
    {
        var entry = new LibC.PollEntry { Descriptor = descriptor, Events = LibC.PollOut };
        _ = LibC.Poll(&entry, 1, timeoutMs: 1000);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
