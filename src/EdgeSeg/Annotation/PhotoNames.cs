using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>
/// Finds the photograph that a data set means by a name. Data sets are written on other machines: a name may be a path from another folder,
/// with backslashes, a URL, a name without extension, an id without the zeros before it, or in another Unicode form.
/// </summary>
internal sealed class PhotoNames
{
    private readonly ILookup<string, Photo> byFile;
    private readonly Lazy<ILookup<string, Photo>> byStem,
        byNumber;

    /// <summary>A photograph that is found by a name.</summary>
    /// <param name="Photo">The photograph.</param>
    /// <param name="Folders">The folders that the name has, the innermost last.</param>
    /// <param name="Rank">How many of the last parts of name and path are equal; the greatest number where the whole name is equal.</param>
    public sealed record Match(Photo Photo, string[] Folders, int Rank);

    public PhotoNames(IReadOnlyList<Photo> photos)
    {
        byFile = photos.ToLookup(p => NameForm.Decompose(Path.GetFileName(p.Name)), StringComparer.Ordinal);
        // most data sets name files
        byStem = new(() => photos.ToLookup(p => NameForm.Decompose(Path.GetFileNameWithoutExtension(p.Name)), StringComparer.Ordinal));
        byNumber = new(() => photos.ToLookup(p => Number(Path.GetFileNameWithoutExtension(p.Name)) ?? "", StringComparer.Ordinal));
    }

    /// <summary>
    /// Of the photographs of this file name the one whose folders agree best. Null: there is none of this file name.
    /// </summary>
    /// <exception cref="OperatingException">Several agree equally well.</exception>
    public Match? Find(string name)
    {
        foreach (var form in (string[])[name, name.Replace('\\', '/'), name.Split('?')[0]])
        {
            string[] parts = [.. form.Split('/').Where(p => p is not ("" or "."))];
            parts = parts[(Array.LastIndexOf(parts, "..") + 1)..];
            if (parts.Length > 0 && Candidates(NameForm.Decompose(parts[^1])) is { Length: > 0 } found)
                return Best(name, parts, found);
        }
        return null;
    }

    private Photo[] Candidates(string file)
    {
        var found = byFile[file];
        if (!found.Any())
            found = byStem.Value[file];
        if (!found.Any() && Number(file) is { } number)
            found = byNumber.Value[number];
        return [.. found];
    }

    private static Match Best(string name, string[] parts, Photo[] found)
    {
        var folders = parts[..^1];
        var whole = string.Join('/', parts);
        Match[] matches =
        [
            .. found
                .Select(p => new Match(p, folders, p.Name == whole || p.Path == name ? int.MaxValue : Agreeing(folders, p.Path)))
                .OrderByDescending(m => m.Rank),
        ];
        if (matches.Length > 1 && matches[0].Rank == matches[1].Rank)
            throw new OperatingException(
                $"'{name}' of --prompts can mean '{matches[0].Photo.Name}' and '{matches[1].Photo.Name}': write the folders before the name"
            );
        return matches[0];
    }

    private static int Agreeing(string[] folders, string path)
    {
        var others = path.Split('/')[..^1];
        var count = 0;
        while (
            count < Math.Min(folders.Length, others.Length)
            && NameForm.Decompose(folders[^(count + 1)]) == NameForm.Decompose(others[^(count + 1)])
        )
            count++;
        return count;
    }

    /// <summary>
    /// The number that a name is, without zeros before it, as COCO names its photographs: 000000000042, COCO_val2014_000000000042.
    /// </summary>
    private static string? Number(string stem)
    {
        var digits = stem.StartsWith("COCO_", StringComparison.Ordinal) ? stem[(stem.LastIndexOf('_') + 1)..] : stem;
        return digits.Length > 0 && digits.All(char.IsAsciiDigit) ? digits.TrimStart('0').PadLeft(1, '0') : null;
    }
}
