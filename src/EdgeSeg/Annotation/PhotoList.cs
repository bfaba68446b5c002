using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>A photograph to annotate.</summary>
/// <param name="Name">Its path below the folder that was named, with slashes: stable, whatever machine reads it.</param>
/// <param name="Path">Where it is.</param>
internal readonly record struct Photo(string Name, string Path);

/// <summary>Finds the photographs that folders, globs, lists and paths name.</summary>
internal static class PhotoList
{
    private const int MaxDepth = 32;

    private static readonly string[] extensions = [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"];

    /// <summary>The photographs, ordered by name.</summary>
    /// <param name="inputs">Folders (searched with all below them), globs with * and **, .txt files with a path a line,
    /// photographs.</param>
    /// <exception cref="OperatingException">An input names nothing, or two photographs have one name.</exception>
    public static List<Photo> Find(IReadOnlyList<string> inputs)
    {
        var photos = new List<Photo>();
        foreach (var input in inputs)
        {
            var before = photos.Count;
            photos.AddRange(Of(input));
            if (photos.Count == before)
                throw new OperatingException(
                    $"'{input}' names no photograph: give a folder, a glob in quotes, a .txt file with a path a line, or a photograph"
                );
        }
        photos.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (var i = 1; i < photos.Count; i++)
        {
            if (photos[i].Name == photos[i - 1].Name && photos[i].Path != photos[i - 1].Path)
                throw new OperatingException(
                    $"'{photos[i - 1].Path}' and '{photos[i].Path}' would both be '{photos[i].Name}' in the export: name the "
                        + "folder above both"
                );
        }
        return [.. photos.DistinctBy(p => p.Name)];
    }

    /// <summary>
    /// The part of the photographs that shard <paramref name="index"/> of <paramref name="count"/> has, by a hash of the name.
    /// </summary>
    public static IEnumerable<Photo> Shard(IEnumerable<Photo> photos, int index, int count) =>
        photos.Where(p => (int)(Hash(p.Name) % (uint)count) == index - 1);

    private static uint Hash(string name) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    private static IEnumerable<Photo> Of(string input)
    {
        if (input.Length == 0)
            return [];
        if (Directory.Exists(input))
            return Below(input).Where(IsPhoto).Select(path => new Photo(Relative(input, path), path));
        if (File.Exists(input))
            return input.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) ? Listed(input) : [Single(input)];
        return input.AsSpan().ContainsAny('*', '?') ? Matching(input) : [];
    }

    private static IEnumerable<Photo> Matching(string glob)
    {
        var full = Path.GetFullPath(glob);
        var top = Path.GetDirectoryName(full[..full.AsSpan().IndexOfAny('*', '?')] + "x") ?? "/";
        if (!Directory.Exists(top))
            return [];
        var pattern = full.Split('/');
        return Below(top)
            .Where(path => IsMatch(pattern, path.Split('/')) && IsPhoto(path))
            .Select(path => new Photo(Relative(top, path), path));
    }

    /// <summary>Whether a path's folders and name match the pattern's one by one; ** stands for any number of folders.</summary>
    private static bool IsMatch(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty)
            return path.IsEmpty;
        if (pattern[0] == "**")
            return IsMatch(pattern[1..], path) || (!path.IsEmpty && IsMatch(pattern, path[1..]));
        return !path.IsEmpty
            && (pattern[0] == path[0] || FileSystemName.MatchesSimpleExpression(pattern[0], path[0], ignoreCase: false))
            && IsMatch(pattern[1..], path[1..]);
    }

    private static List<Photo> Listed(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var lines = File.ReadLines(file).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#');
        return
        [
            .. lines.Select(line => new Photo(
                Path.IsPathRooted(line) ? Single(line).Name : line.TrimStart('.', '/'),
                Path.Combine(folder, line)
            )),
        ];
    }

    private static Photo Single(string path)
    {
        var relative = Relative(Directory.GetCurrentDirectory(), Path.GetFullPath(path));
        return new(relative.StartsWith("..", StringComparison.Ordinal) ? Path.GetFileName(path) : relative, path);
    }

    private static string Relative(string folder, string path) => Path.GetRelativePath(folder, path).Replace('\\', '/');

    private static IEnumerable<string> Below(string folder) =>
        Directory.EnumerateFiles(
            Path.GetFullPath(folder),
            "*",
            new EnumerationOptions
            {
                RecurseSubdirectories = true,
                MaxRecursionDepth = MaxDepth,
                AttributesToSkip = FileAttributes.Hidden,
            }
        );

    /// <summary>Whether a file's name is that of a photograph.</summary>
    public static bool IsPhoto(string path) => extensions.Contains(Path.GetExtension(path).ToLowerInvariant());
}
