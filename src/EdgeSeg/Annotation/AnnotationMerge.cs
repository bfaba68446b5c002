using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>Joins the output folders of shards into one export with unique ids.</summary>
internal static class AnnotationMerge
{
    /// <summary>Copies the parts' files, joins their journals and writes what lists all photographs.</summary>
    /// <exception cref="OperatingException">A shard is missing or of another run, or a photograph is in two parts.</exception>
    public static AnnotationReport Run(IReadOnlyList<string> parts, string folder, Action<int, int> progress)
    {
        var settings = parts.Select(AnnotationSettings.Read).ToArray();
        Check(parts, settings);
        var all = settings[0] with { Shard = "1/1" };
        all.Claim(folder);
        var report = new AnnotationReport();
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        File.Delete(Path.Combine(folder, AnnotationJournal.FileName));
        using (var journal = new AnnotationJournal(folder))
        {
            for (var i = 0; i < parts.Count; i++)
            {
                foreach (var photo in AnnotationJournal.Read(parts[i]))
                {
                    if (!seen.TryAdd(photo.Name, parts[i]))
                        throw new OperatingException(
                            $"'{photo.Name}' is in {seen[photo.Name]} and in {parts[i]}: the parts are not shards of one list"
                        );
                    Copy(parts[i], folder, photo);
                    journal.Add(photo);
                    report.Add(photo);
                }
                progress(i + 1, parts.Count);
            }
        }
        AnnotationExport.Of(all.Export, folder, all.Labels).Finish(AnnotationJournal.Read(folder));
        return report;
    }

    private static void Check(IReadOnlyList<string> parts, AnnotationSettings[] settings)
    {
        for (var i = 1; i < parts.Count; i++)
        {
            var same = settings[i] with { Shard = settings[0].Shard, Labels = settings[0].Labels };
            if (same != settings[0] || !settings[i].Labels.SequenceEqual(settings[0].Labels))
                throw new OperatingException(
                    $"{parts[i]} was made with another export, mode, model, options or labels than {parts[0]}: merge parts of one run"
                );
        }
        var count = settings[0].Shard.Split('/')[^1];
        var shards = settings.Select(s => s.Shard).ToArray();
        if (shards.GroupBy(s => s).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new OperatingException($"shard {twice.Key} is there {twice.Count()} times: name each part once");
        if (shards.Any(s => s.Split('/')[^1] != count))
            throw new OperatingException(
                $"the parts are of different numbers of shards ({string.Join(", ", shards)}): merge parts of one run"
            );
        var missing = Enumerable
            .Range(1, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture))
            .Select(i => $"{i}/{count}")
            .Except(shards)
            .ToArray();
        if (missing.Length > 0)
            throw new OperatingException($"shard {string.Join(", ", missing)} is missing: run it, then merge all {count} parts");
    }

    private static void Copy(string part, string folder, AnnotatedPhoto photo)
    {
        foreach (var file in photo.Files)
        {
            var to = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(Path.Combine(part, file), to, overwrite: true);
        }
        var link = Path.Combine("images", photo.Name);
        if (new FileInfo(Path.Combine(part, link)).LinkTarget is { } target && !File.Exists(Path.Combine(folder, link)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, link))!);
            File.CreateSymbolicLink(Path.Combine(folder, link), target);
        }
    }
}
