using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Capture;

/// <summary>
/// A command in a session and process group of its own, so that closing it ends its children too. Its standard output is read by the
/// owner, its standard input gets a text and is closed, the last <see cref="CaptureLimits.PipeErrorBytes"/> of its error output are kept.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Lock gate = new();
    private readonly Process process;
    private readonly Thread errors;
    private readonly byte[] tail = new byte[CaptureLimits.PipeErrorBytes];
    private long tailEnd;
    private bool closed;

    /// <summary>
    /// Starts the program, or throws an <see cref="OperatingException"/>. A program that setsid cannot find ends at once with code 127.
    /// </summary>
    public ChildProcess(IReadOnlyList<string> command, string input)
    {
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var word in command)
            start.ArgumentList.Add(word);
        try
        {
            process = Process.Start(start)!;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new OperatingException($"the camera's command could not be started ({e.Message}); install util-linux (setsid)");
        }

        Output = process.StandardOutput.BaseStream;
        errors = new Thread(KeepErrors) { IsBackground = true, Name = "camera-stderr" };
        errors.Start();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it ended before it read its input; the first read of its output fails then
        }
    }

    public Stream Output { get; }

    /// <summary>Ends with the process group's id, for tests.</summary>
    public int Id => process.Id;

    /// <summary>
    /// How it ended, with the last lines of its error output; waits a moment for both. Words in <paramref name="secret"/> are masked.
    /// </summary>
    public string Ending(string secret)
    {
        var ended = process.WaitForExit(CaptureLimits.PipeCloseMs) && errors.Join(CaptureLimits.PipeCloseMs);
        var text = Tail().ReplaceLineEndings(" | ").Trim(' ', '|');
        if (secret.Length > 0)
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        var how = ended ? $"ended with code {process.ExitCode}" : "closed its output";
        return text.Length == 0 ? how : $"{how}: {text}";
    }

    /// <summary>Asks the whole group to end, then kills it. From any thread, any number of times.</summary>
    public void Close()
    {
        lock (gate)
        {
            if (closed)
                return;
            closed = true;
            _ = LibC.Kill(-process.Id, LibC.SigTerm);
            process.WaitForExit(CaptureLimits.PipeCloseMs);
            // the rest of the group, whether its leader has ended or not
            _ = LibC.Kill(-process.Id, LibC.SigKill);
        }
    }

    public void Dispose()
    {
        Close();
        errors.Join(CaptureLimits.PipeCloseMs);
        process.Dispose();
    }

    private void KeepErrors()
    {
        Span<byte> buffer = stackalloc byte[512];
        try
        {
            var stream = process.StandardError.BaseStream;
            while (stream.Read(buffer) is var read and > 0)
            {
                lock (tail)
                {
                    foreach (var b in buffer[..read])
                        tail[(int)(tailEnd++ % tail.Length)] = b;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // closed while reading
        }
    }

    private string Tail()
    {
        lock (tail)
        {
            var length = (int)Math.Min(tailEnd, tail.Length);
            var bytes = new byte[length];
            for (var i = 0; i < length; i++)
                bytes[i] = tail[(int)((tailEnd - length + i) % tail.Length)];
            return Encoding.UTF8.GetString(bytes);
        }
    }
}
