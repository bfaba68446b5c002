using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// Counts the photographs and frames of a run in which nothing was found, names them in a file where one is asked for, a line each
/// (<c>path</c>, or <c>path</c>, a tab and the frame's number), and makes the line at the end of the run.
/// </summary>
internal sealed class EmptyList : IDisposable
{
    /// <summary>The option of the file.</summary>
    public const string Option = "--list-empty";

    private const int NamesShown = 5;

    private readonly string? path;
    private readonly StreamWriter? file;
    private readonly List<string> first = [];
    private long empty;

    /// <param name="path">Null: no file.</param>
    /// <param name="inputs">Of the run; none of them is written.</param>
    /// <param name="mayOverwrite">Whether an existing file is replaced.</param>
    /// <exception cref="OperatingException">The file is an input, exists already, or cannot be written.</exception>
    public EmptyList(string? path, IEnumerable<string> inputs, bool mayOverwrite)
    {
        this.path = path;
        if (path is null)
            return;
        if (path == "-")
            throw new OperatingException($"{Option} - is standard output, which has the masks: name a file", ExitCode.Usage);
        var real = ResultFile.Checked(path, Option, inputs, mayOverwrite);
        try
        {
            file = new StreamWriter(real, append: false) { AutoFlush = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e);
        }
    }

    /// <summary>Photographs and frames that were segmented.</summary>
    public long Count { get; private set; }

    /// <summary>Notes one that was segmented.</summary>
    /// <exception cref="OperatingException">The file cannot be written.</exception>
    public void Add(string input, long? frame, bool isFound)
    {
        Count++;
        if (isFound)
            return;
        if (empty++ < NamesShown)
            first.Add(frame is null ? input : $"{input} frame {frame}");
        try
        {
            file?.WriteLine(frame is null ? input : string.Create(CultureInfo.InvariantCulture, $"{input}\t{frame}"));
        }
        catch (IOException e)
        {
            throw Unwritable(e);
        }
    }

    /// <summary>One line: how many had an object, which had none.</summary>
    /// <param name="unit">What is counted.</param>
    /// <param name="failed">How many could not be segmented.</param>
    public string Summary(string unit, int failed)
    {
        var names = string.Join(", ", first);
        var more = empty > first.Count ? $" and {empty - first.Count} more{(path is null ? "; --list-empty FILE writes all" : "")}" : "";
        return $"{Count + failed} {unit}: {Count - empty} with an object, {empty} with nothing found"
            + (empty > 0 ? $" ({names}{more})" : "")
            + (failed > 0 ? $", {failed} could not be segmented" : "");
    }

    private OperatingException Unwritable(Exception e) =>
        new($"{path}: cannot be written ({e.Message}): choose another file with {Option}", ExitCode.Failed);

    public void Dispose()
    {
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
            // the line that could not be written is written again; Add has reported it
        }
    }
}
