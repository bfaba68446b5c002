using System.Globalization;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// Where a run's result files go. Each name is made of the input paths alone, so it does not depend on which inputs can be read: the
/// input's file name without extension; where inputs share it, with the folders below their common one; where they share these too, with
/// the extension. Inputs are never written, and files that other runs wrote only when that is asked for.
/// </summary>
internal sealed class OutputFiles
{
    /// <summary>A greater number is no frame but a date: the video would last for days.</summary>
    private const long MaxNumbered = 9_999_999;

    /// <summary>Up to bit depth and colour type.</summary>
    private const int PngHeadBytes = 26;

    private readonly string folder;
    private readonly string[] names;
    private readonly Func<int, string[]> suffixes;

    /// <param name="folder">Made when the first file is written.</param>
    /// <param name="inputs">The paths of all inputs of the run.</param>
    /// <param name="suffixes">The ends of an input's file names, for example <c>-mask.png</c>, and of its folders.</param>
    /// <param name="mayOverwrite">Whether files may be replaced that exist when the run begins.</param>
    /// <exception cref="OperatingException">A file would be an input, exists already, or would be written for two inputs.</exception>
    public OutputFiles(string folder, IReadOnlyList<string> inputs, Func<int, string[]> suffixes, bool mayOverwrite)
    {
        (this.folder, this.suffixes) = (folder, suffixes);
        names = Names(inputs);
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        var real = inputs.Where(i => i.Length > 0).Select(FinalFile.RealPath).ToHashSet(StringComparer.Ordinal);
        var existing = new List<string>();
        for (var i = 0; i < inputs.Count; i++)
        {
            foreach (var file in For(i))
            {
                if (!taken.TryAdd(file, inputs[i]) && Path.GetFullPath(taken[file]) != Path.GetFullPath(inputs[i]))
                    throw new OperatingException(
                        $"{file} would be written for '{taken[file]}' and for '{inputs[i]}': rename one, or use two runs"
                    );
                if (real.Contains(FinalFile.RealPath(file)) || HoldsInput(file, real))
                    throw new OperatingException(
                        $"{file} is an input of this run and is not overwritten: choose another folder with --out"
                    );
                if (Path.Exists(file))
                    existing.Add(file);
            }
        }
        if (existing.Count > 0 && !mayOverwrite)
            throw new OperatingException(
                $"{existing[0]}{(existing.Count > 1 ? $" and {existing.Count - 1} more files" : "")} exist already: "
                    + "choose another folder with --out, or replace them with --overwrite"
            );
    }

    /// <summary>Whether a file is one of the inputs, links followed.</summary>
    public static bool IsInput(string file, IEnumerable<string> inputs)
    {
        var real = FinalFile.RealPath(file);
        return inputs.Any(i => i.Length > 0 && FinalFile.RealPath(i) == real);
    }

    /// <summary>Whether a file is one of the results, or lies in a folder of them.</summary>
    public bool IsOutput(string file)
    {
        var real = FinalFile.RealPath(file);
        return Enumerable
            .Range(0, names.Length)
            .SelectMany(For)
            .Select(FinalFile.RealPath)
            .Any(o => real == o || real.StartsWith(o + "/", StringComparison.Ordinal));
    }

    /// <summary>The files of an input, in the order of the suffixes.</summary>
    public IEnumerable<string> For(int input) => suffixes(input).Select(suffix => Path.Combine(folder, names[input] + suffix));

    /// <summary>Whether a folder of masks has an input in it: its numbered pictures are replaced.</summary>
    private static bool HoldsInput(string file, HashSet<string> inputs)
    {
        if (!file.EndsWith(SegmentSettings.VideoMasksEnd, StringComparison.Ordinal))
            return false;
        var inside = FinalFile.RealPath(file) + "/";
        return inputs.Any(i => i.StartsWith(inside, StringComparison.Ordinal));
    }

    /// <exception cref="OperatingException">The file cannot be written.</exception>
    public static void Write(string file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            File.WriteAllBytes(file, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{file}: cannot be written ({e.Message}): choose another folder with --out");
        }
    }

    /// <summary>The name of a frame's mask in the folder of a video's masks.</summary>
    public static string Numbered(long frame) => frame.ToString("000000", CultureInfo.InvariantCulture) + ".png";

    /// <summary>
    /// Removes the numbered masks that an earlier run wrote into a folder, so that those of two runs do not mix. All else stays.
    /// </summary>
    /// <exception cref="OperatingException">One cannot be removed.</exception>
    public static void ClearNumbered(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        try
        {
            foreach (var file in Directory.GetFiles(folder, "*.png").Where(IsNumberedMask))
                File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{folder}: cannot be written ({e.Message}): choose another folder with --out");
        }
    }

    /// <summary>A name of <see cref="Numbered"/> and a PNG of one bit a pixel, grey, as <see cref="MaskMat.ToPng"/> writes it.</summary>
    private static bool IsNumberedMask(string file)
    {
        if (
            !long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var frame)
            || frame is < 1 or > MaxNumbered
            || Path.GetFileName(file) != Numbered(frame)
        )
            return false;
        Span<byte> head = stackalloc byte[PngHeadBytes];
        using var stream = File.OpenRead(file);
        return stream.ReadAtLeast(head, PngHeadBytes, throwOnEndOfStream: false) == PngHeadBytes && head[^2..] is [1, 0];
    }

    private static string[] Names(IReadOnlyList<string> inputs)
    {
        var full = inputs.Select(i => i.Length > 0 ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(i)) : "").ToArray();
        var names = new string[inputs.Count];
        foreach (var group in Enumerable.Range(0, full.Length).GroupBy(i => Path.GetFileNameWithoutExtension(full[i])))
        {
            var members = group.Select(i => full[i]).Distinct().ToArray();
            var top = members.Length > 1 ? CommonFolder(members) : "";
            foreach (var i in group)
            {
                var isAlone = members.Count(m => Path.GetDirectoryName(m) == Path.GetDirectoryName(full[i])) == 1;
                var name = isAlone ? group.Key : Path.GetFileName(full[i]);
                names[i] = members.Length == 1 ? name : Path.Combine(Path.GetRelativePath(top, Path.GetDirectoryName(full[i])!), name);
                if (names[i].StartsWith("./", StringComparison.Ordinal))
                    names[i] = names[i][2..];
            }
        }
        return names;
    }

    private static string CommonFolder(string[] paths)
    {
        var top = Path.GetDirectoryName(paths[0]) ?? "/";
        while (!paths.All(p => p.StartsWith(top.TrimEnd('/') + "/", StringComparison.Ordinal)))
            top = Path.GetDirectoryName(top) ?? "/";
        return top;
    }
}
