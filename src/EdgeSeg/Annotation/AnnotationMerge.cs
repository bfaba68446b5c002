using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>Joins the output folders of shards into one export with unique ids.</summary>
internal static class AnnotationMerge
{
    /// <summary>Copies the parts' files, joins their journals and writes what lists all photographs.</summary>
    /// <exception cref="OperatingException">A shard is missing, not finished or of another run, a photograph is in two parts, or the
    /// folder holds anything but an earlier merge of these parts.</exception>
    public static AnnotationReport Run(IReadOnlyList<string> parts, string folder, string? listEmpty, Action<int, int> progress)
    {
        var real = FinalFile.RealPath(folder);
        if (parts.FirstOrDefault(p => FinalFile.RealPath(p) == real) is { } part)
            throw new OperatingException($"{folder} is one of the parts: choose another --out", ExitCode.Usage);
        var settings = parts.Select(AnnotationSettings.Read).ToArray();
        Check(parts, settings);
        for (var i = 0; i < parts.Count; i++)
            CheckFinished(parts[i], settings[i]);
        var names = CheckPhotographs(parts);
        var all = settings[0] with
        {
            Shard = "1/1",
            Photographs = null,
            ListEmpty = listEmpty,
            Parts = [.. parts.Select(FinalFile.RealPath).Order(StringComparer.Ordinal)],
        };
        var export = AnnotationExport.Of(all.Export, folder, all.Categories);
        export.Check(names.Select(n => new Photo(n, n)));
        all.Claim(folder);
        Clear(folder);
        using (var journal = new AnnotationJournal(folder))
        {
            for (var i = 0; i < parts.Count; i++)
            {
                foreach (var photo in AnnotationJournal.Read(parts[i]))
                {
                    Copy(parts[i], folder, photo);
                    journal.Add(photo);
                }
                progress(i + 1, parts.Count);
            }
        }
        return AnnotationRun.Finish(all, folder, export, names.Contains);
    }

    /// <summary>The names of the photographs of all parts; each is in one part.</summary>
    private static HashSet<string> CheckPhotographs(IReadOnlyList<string> parts)
    {
        var partOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            foreach (var photo in AnnotationJournal.Read(part))
            {
                if (!partOf.TryAdd(photo.Name, part))
                    throw new OperatingException(
                        $"'{photo.Name}' is in {partOf[photo.Name]} and in {part}: the parts are not shards of one list"
                    );
            }
        }
        return [.. partOf.Keys];
    }

    private static void Check(IReadOnlyList<string> parts, AnnotationSettings[] settings)
    {
        for (var i = 1; i < parts.Count; i++)
        {
            if (settings[i].Differences(settings[0]) is { Length: > 0 } differences)
                throw new OperatingException($"{parts[i]} was made with another {differences} than {parts[0]}: merge parts of one run");
        }
        var shards = settings.Select(s => s.Shard).ToArray();
        if (shards.GroupBy(s => s).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new OperatingException($"shard {twice.Key} is there {twice.Count()} times: name each part once");
        var count = AnnotationSettings.ShardNumbers(shards[0])!.Value.Count;
        if (shards.Any(s => AnnotationSettings.ShardNumbers(s)!.Value.Count != count))
            throw new OperatingException(
                $"the parts are of different numbers of shards ({string.Join(", ", shards)}): merge parts of one run"
            );
        var missing = Enumerable.Range(1, count).Select(i => $"{i}/{count}").Except(shards).ToArray();
        if (missing.Length > 0)
            throw new OperatingException($"shard {string.Join(", ", missing)} is missing: run it, then merge all {count} parts");
    }

    /// <summary>A part of an earlier version has no mark; its command, run again, does no work that is done and sets it.</summary>
    private static void CheckFinished(string part, AnnotationSettings settings)
    {
        var isFinished =
            settings.Photographs is { } count
            && File.Exists(Path.Combine(part, AnnotationJournal.FileName))
            && AnnotationJournal.Read(part).Count() == count;
        if (!isFinished)
            throw new OperatingException($"shard {settings.Shard} in {part} is not finished: run its command again");
    }

    /// <summary>An earlier merge is made again.</summary>
    private static void Clear(string folder)
    {
        var journal = Path.Combine(folder, AnnotationJournal.FileName);
        if (!File.Exists(journal))
            return;
        foreach (var photo in AnnotationJournal.Read(folder))
            AnnotationRun.Delete(folder, photo.Files);
        AnnotationExport.Make(journal, () => File.Delete(journal));
    }

    private static void Copy(string part, string folder, AnnotatedPhoto photo)
    {
        foreach (var file in photo.Files.Union(OldLinks(part, photo)))
        {
            var (from, to) = (new FileInfo(Path.Combine(part, file)), Path.Combine(folder, file));
            if (from.LinkTarget is { } target)
                AnnotationExport.Link(to, target);
            else if (from.Exists)
                AnnotationExport.Make(to, () => from.CopyTo(to, overwrite: true));
            else
                throw new OperatingException($"{from.FullName} is missing: run the command of its shard again");
        }
    }

    /// <summary>The link to the photograph that the journal of an earlier version does not name.</summary>
    private static IEnumerable<string> OldLinks(string part, AnnotatedPhoto photo) =>
        new FileInfo(Path.Combine(part, "images", photo.Name)).LinkTarget is null ? [] : [$"images/{photo.Name}"];
}
