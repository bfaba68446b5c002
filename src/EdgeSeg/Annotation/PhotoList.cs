using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>A photograph to annotate.</summary>
/// <param name="Name">
/// Its path below the folder that was named, with slashes and without the parts "." and "..". It names the photograph in the export, so it
/// does not depend on the machine.
/// </param>
/// <param name="Path">Its full path.</param>
internal sealed record Photo(string Name, string Path);

/// <summary>Finds the photographs that folders, globs, lists and paths name, and gives them their names.</summary>
internal static class PhotoList
{
    /// <summary>The photographs, ordered by name; one that is named twice is taken once.</summary>
    /// <param name="inputs">Folders (searched with all below them), globs with * and **, .txt files with a path a line,
    /// photographs.</param>
    /// <param name="walk">Searches the folders; without it all folders are searched.</param>
    /// <exception cref="OperatingException">An input names nothing or cannot be read, or two photographs have one name.</exception>
    public static List<Photo> Find(IReadOnlyList<string> inputs, FolderWalk? walk = null)
    {
        walk ??= new FolderWalk("");
        var photos = new List<Photo>();
        foreach (var input in inputs)
        {
            var before = photos.Count;
            photos.AddRange(Of(input, walk));
            if (photos.Count == before)
                throw new OperatingException(
                    $"'{input}' names no photograph: give a folder, a glob in quotes, a .txt file with a path a line, or a photograph"
                );
        }
        photos = [.. photos.DistinctBy(p => p.Path)];
        photos.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (var i = 1; i < photos.Count; i++)
        {
            if (photos[i].Name == photos[i - 1].Name)
                throw new OperatingException(
                    $"'{photos[i - 1].Path}' and '{photos[i].Path}' would both be '{photos[i].Name}' in the export: name the "
                        + "folder above both"
                );
        }
        return photos;
    }

    /// <summary>
    /// The part of the photographs that shard <paramref name="index"/> of <paramref name="count"/> has, by a hash of the name.
    /// </summary>
    public static IEnumerable<Photo> Shard(IEnumerable<Photo> photos, int index, int count) =>
        photos.Where(p => (int)(Hash(p.Name) % (uint)count) == index - 1);

    /// <summary>Whether a file's name is that of a photograph; .jfif is what browsers on Windows call a JPEG.</summary>
    public static bool IsPhoto(string path) =>
        PictureHeader.HasExtension(path) || path.EndsWith(".jfif", StringComparison.OrdinalIgnoreCase);

    private static uint Hash(string name) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    private static IEnumerable<Photo> Of(string input, FolderWalk walk)
    {
        if (input.Length == 0)
            return [];
        if (Directory.Exists(input))
            return walk.Photos(input, _ => true, _ => true).Select(path => Named(path, Path.GetFullPath(input)));
        if (File.Exists(input))
            return input.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) ? Listed(input) : [Named(Path.GetFullPath(input))];
        return input.AsSpan().ContainsAny('*', '?') ? Matching(input, walk) : [];
    }

    /// <summary>Its name is the path below the first of the folders that holds it, or below the current one; else its last part.</summary>
    private static Photo Named(string path, params ReadOnlySpan<string> folders)
    {
        foreach (var folder in (ReadOnlySpan<string>)[.. folders, Directory.GetCurrentDirectory()])
        {
            var name = Path.GetRelativePath(folder, path);
            if (name != ".." && !name.StartsWith("../", StringComparison.Ordinal))
                return new(name, path);
        }
        return new(Path.GetFileName(path), path);
    }

    private static IEnumerable<Photo> Matching(string glob, FolderWalk walk)
    {
        var full = Path.GetFullPath(glob);
        var top = Path.GetDirectoryName(full[..full.AsSpan().IndexOfAny('*', '?')] + "x") ?? "/";
        if (!Directory.Exists(top))
            return [];
        var pattern = full.Split('/');
        return walk.Photos(top, folder => LeadsOn(pattern, folder.Split('/')), path => IsMatch(pattern, path.Split('/')))
            .Select(path => Named(path, top));
    }

    /// <summary>Whether a path's folders and name match the pattern's one by one; ** stands for any number of folders.</summary>
    private static bool IsMatch(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty)
            return path.IsEmpty;
        if (pattern[0] == "**")
            return IsMatch(pattern[1..], path) || (!path.IsEmpty && IsMatch(pattern, path[1..]));
        return !path.IsEmpty && IsPartMatch(pattern[0], path[0]) && IsMatch(pattern[1..], path[1..]);
    }

    /// <summary>Whether files below the folder can match the pattern.</summary>
    private static bool LeadsOn(ReadOnlySpan<string> pattern, ReadOnlySpan<string> folder)
    {
        if (pattern.IsEmpty || folder.IsEmpty || pattern[0] == "**")
            return !pattern.IsEmpty;
        return IsPartMatch(pattern[0], folder[0]) && LeadsOn(pattern[1..], folder[1..]);
    }

    private static bool IsPartMatch(string pattern, string part) =>
        pattern == part || FileSystemName.MatchesSimpleExpression(pattern, part, ignoreCase: false);

    private static List<Photo> Listed(string file)
    {
        // a pipe has length 0 too, and opening one could block for ever
        if (FinalFile.Of(file).Length == 0)
            return [];
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
            var photos = new List<Photo>();
            foreach (var line in File.ReadLines(file).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
            {
                if (line.Contains('\0'))
                    throw new OperatingException($"{file}: has zero bytes: write a path a line (find with -print, not -print0)");
                photos.Add(Named(Path.GetFullPath(line, folder), folder));
            }
            return photos;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{file}: cannot be read ({e.Message}): give this user the right to read it, or another list");
        }
    }
}
