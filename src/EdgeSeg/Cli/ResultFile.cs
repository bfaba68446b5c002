using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// The file that an option names for a result, <c>-</c> being standard output. It is checked before the work begins and written when the
/// work is done, whole or not at all. Inputs are never written, and existing files only when that is asked for.
/// </summary>
internal sealed class ResultFile
{
    private readonly string path,
        option;

    private ResultFile(string path, string option) => (this.path, this.option) = (path, option);

    /// <summary>Null where the option is not given.</summary>
    /// <param name="path">The option's value.</param>
    /// <param name="option">Its name, for messages.</param>
    /// <param name="inputs">Files that the run reads.</param>
    /// <param name="mayOverwrite">Whether an existing file is replaced.</param>
    /// <exception cref="OperatingException">The file is an input, exists already, or cannot be created.</exception>
    public static ResultFile? Named(string? path, string option, IEnumerable<string> inputs, bool mayOverwrite)
    {
        if (path is null or "-")
            return path is null ? null : new ResultFile(path, option);
        var real = Checked(path, option, inputs, mayOverwrite);
        if (!Directory.Exists(Path.GetDirectoryName(real)))
            throw new OperatingException($"{path}: its folder does not exist: create it, or choose another file with {option}");
        return new ResultFile(real, option);
    }

    /// <summary>The real path of a file that may be written: a new one, an empty one or a device, or one to replace.</summary>
    /// <param name="path">The option's value.</param>
    /// <param name="option">Its name, for messages.</param>
    /// <param name="inputs">Files that the run reads.</param>
    /// <param name="mayOverwrite">Whether an existing file is replaced.</param>
    /// <param name="exitCode">Of the errors.</param>
    /// <exception cref="OperatingException">The path is empty, a folder, an input, or exists already.</exception>
    public static string Checked(string path, string option, IEnumerable<string> inputs, bool mayOverwrite, int exitCode = ExitCode.Failed)
    {
        if (path.Length == 0)
            throw new OperatingException($"{option} names no file: give a path or leave the option out", ExitCode.Usage);
        var real = FinalFile.RealPath(path);
        if (Directory.Exists(real))
            throw new OperatingException($"{path} is a folder: name a file with {option}", exitCode);
        // a device or a pipe has length 0, and an empty file has nothing to lose
        if (new FileInfo(real) is { Exists: true, Length: > 0 })
        {
            if (OutputFiles.IsInput(path, inputs))
                throw new OperatingException(
                    $"{path} is an input of this run and is not overwritten: choose another file with {option}",
                    exitCode
                );
            if (!mayOverwrite)
                throw new OperatingException(
                    $"{path} exists already: choose another file with {option}, or replace it with --overwrite",
                    exitCode
                );
        }
        return real;
    }

    public bool IsStandardOutput => path == "-";

    /// <exception cref="OperatingException">The file cannot be written.</exception>
    public void Write(Action<Stream> write)
    {
        using var bytes = new MemoryStream();
        write(bytes);
        if (IsStandardOutput)
        {
            using var output = new StandardOutput();
            output.Write(bytes.ToArray());
            return;
        }

        try
        {
            // a new file in the place of the old one: another name of the old file, a hard link, keeps its content
            if (new FileInfo(path) is { Exists: true, Length: 0 })
                File.WriteAllBytes(path, bytes.ToArray());
            else
                AtomicFile.WriteAmongOthers(path, bytes.ToArray(), "result");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path}: cannot be written ({e.Message}): choose another file with {option}");
        }
    }
}
