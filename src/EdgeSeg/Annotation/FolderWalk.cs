using System.IO.Enumeration;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>
/// The photographs below folders. Each folder is searched once, also where links lead to it again. Results of this program are not
/// searched. What is left out is kept for <see cref="Notes"/>.
/// </summary>
/// <param name="outFolder">The output folder of the run; empty: none.</param>
internal sealed class FolderWalk(string outFolder)
{
    private const int NamesShown = 3;

    private static readonly EnumerationOptions options = new() { AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };

    private readonly string realOut = outFolder.Length > 0 ? FinalFile.RealPath(Path.TrimEndingDirectorySeparator(outFolder)) : "";
    private readonly LeftOut results = new("with results of 'edgeseg annotate'", "folder"),
        again = new("to folders that are searched already", "link"),
        closed = new("that cannot be read", "folder"),
        others = new("of other kinds", "file");

    private sealed record Entry(string Path, bool IsFolder, bool IsLink);

    /// <summary>A line for each kind of files and folders that was left out.</summary>
    public IEnumerable<string> Notes => new[] { results, again, closed, others }.Where(l => l.Count > 0).Select(l => l.ToString());

    /// <summary>The full paths of the photographs, in no order. Folders come before links to folders.</summary>
    /// <param name="top">A folder that exists.</param>
    /// <param name="enters">Whether a folder below it is searched.</param>
    /// <param name="takes">Whether a file is meant.</param>
    /// <exception cref="OperatingException">The folder is the output folder or lies in it.</exception>
    public IEnumerable<string> Photos(string top, Func<string, bool> enters, Func<string, bool> takes)
    {
        top = Path.TrimEndingDirectorySeparator(Path.GetFullPath(top));
        if (realOut.Length > 0 && (FinalFile.RealPath(top) + "/").StartsWith(realOut + "/", StringComparison.Ordinal))
            throw new OperatingException($"{top} is an input and is or lies in the output folder: choose another --out");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var folders = new Stack<string>([top]);
        var links = new Queue<string>();
        while (folders.TryPop(out var folder) || links.TryDequeue(out folder))
        {
            var real = FinalFile.RealPath(folder);
            if (!seen.Add(real))
                again.Add(folder);
            else if (real == realOut || (folder != top && File.Exists(Path.Combine(folder, AnnotationSettings.FileName))))
                results.Add(folder);
            else
            {
                foreach (var (path, isFolder, isLink) in Entries(folder))
                {
                    if (isFolder && isLink && enters(path))
                        links.Enqueue(path);
                    else if (isFolder && enters(path))
                        folders.Push(path);
                    else if (!isFolder && takes(path) && PhotoList.IsPhoto(path))
                        yield return path;
                    else if (!isFolder && takes(path))
                        others.Add(Path.GetFileName(path));
                }
            }
        }
    }

    private List<Entry> Entries(string folder)
    {
        try
        {
            return
            [
                .. new FileSystemEnumerable<Entry>(
                    folder,
                    (ref FileSystemEntry e) =>
                        new(
                            e.ToFullPath(),
                            e.IsDirectory,
                            // a file's attributes would cost a call of the system each
                            e.IsDirectory
                                && (e.Attributes & FileAttributes.ReparsePoint) != 0
                        ),
                    options
                ),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            closed.Add(folder);
            return [];
        }
    }

    private sealed class LeftOut(string which, string what)
    {
        private readonly List<string> first = [];

        public int Count { get; private set; }

        public void Add(string name)
        {
            if (Count++ < NamesShown)
                first.Add(name);
        }

        public override string ToString() =>
            $"{Count} {what}{(Count == 1 ? "" : "s")} {which} {(Count == 1 ? "was" : "were")} left out "
            + $"({string.Join(", ", first)}{(Count > first.Count ? ", ..." : "")})";
    }
}
