using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>
/// Annotates photographs into an output folder, or continues an earlier run there: a photograph is annotated again when its file is another
/// than the one that was annotated, or when a result file of it is missing or was written later for another photograph. In the end the
/// folder holds the results of the named photographs alone.
/// </summary>
/// <param name="settings">What is made.</param>
/// <param name="folder">The output folder.</param>
/// <param name="export">Writes into it.</param>
internal sealed class AnnotationRun(AnnotationSettings settings, string folder, AnnotationExport export)
{
    /// <summary>The sums of all photographs, those of earlier runs included.</summary>
    /// <param name="photos">All that the folder shall hold.</param>
    /// <param name="annotate">Finds the objects of one and writes its files.</param>
    /// <param name="progress">Gets how many are done, and of how many.</param>
    /// <param name="cancel">Takes effect after the current photograph.</param>
    /// <exception cref="OperatingException">The folder holds something else, or cannot be written.</exception>
    public AnnotationReport Run(
        IReadOnlyList<Photo> photos,
        Func<Photo, AnnotatedPhoto> annotate,
        Action<int, int> progress,
        CancellationToken cancel
    )
    {
        settings.Claim(folder);
        var wanted = photos.ToDictionary(p => p.Name, StringComparer.Ordinal);
        using (var journal = new AnnotationJournal(folder))
        {
            var done = Done(wanted);
            for (var i = 0; i < photos.Count; i++)
            {
                cancel.ThrowIfCancellationRequested();
                if (!done.Contains(photos[i].Name))
                    journal.Add(Annotate(photos[i], annotate));
                progress(i + 1, photos.Count);
            }
        }
        return Finish(settings, folder, export, wanted.ContainsKey);
    }

    /// <summary>Drops photographs that are not wanted, writes what lists all, and marks the folder as finished.</summary>
    public static AnnotationReport Finish(AnnotationSettings settings, string folder, AnnotationExport export, Predicate<string> isWanted)
    {
        HashSet<string> kept = new(StringComparer.Ordinal),
            dropped = new(StringComparer.Ordinal);
        var isAnyDropped = false;
        foreach (var photo in AnnotationJournal.Read(folder))
        {
            var isKept = isWanted(photo.Name);
            isAnyDropped |= !isKept;
            (isKept ? kept : dropped).UnionWith(photo.Files);
        }
        // the labels of cat.jpeg and of cat.jpg, which replaced it, are one file
        Delete(folder, dropped.Except(kept));
        if (isAnyDropped)
            AnnotationJournal.Keep(folder, p => isWanted(p.Name));
        export.Finish(AnnotationJournal.Read(folder));
        var report = new AnnotationReport();
        foreach (var photo in AnnotationJournal.Read(folder))
            report.Add(photo);
        (settings with { Photographs = report.Photographs }).Write(folder);
        return report;
    }

    /// <summary>The names of the photographs that need not be done again. Files of the others are deleted.</summary>
    private HashSet<string> Done(Dictionary<string, Photo> wanted)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        // the journal is in the order of writing: the last photograph that has a file wrote it
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        var earlier = new List<(string Name, List<string> Files, bool IsSame)>();
        foreach (var photo in AnnotationJournal.Read(folder))
        {
            photo.Files.ForEach(f => owners[f] = photo.Name);
            if (wanted.TryGetValue(photo.Name, out var now))
                earlier.Add((photo.Name, photo.Files, photo.Fault.Length == 0 && IsSame(photo, now)));
        }
        foreach (var (name, files, isSame) in earlier)
        {
            var own = files.FindAll(f => owners[f] == name);
            if (isSame && own.Count == files.Count && own.TrueForAll(f => File.Exists(Full(f))))
                done.Add(name);
            else
                Delete(folder, own);
        }
        return done;
    }

    private string Full(string file) => Path.Combine(folder, file);

    private static bool IsSame(AnnotatedPhoto photo, Photo now)
    {
        var (size, modified) = Stamp(now.Path);
        return Path.GetFullPath(photo.Path) == now.Path && (photo.Size is null || (photo.Size == size && photo.Modified == modified));
    }

    /// <summary>The stamp is that of before: a file that changes meanwhile is done again in the next run.</summary>
    private static AnnotatedPhoto Annotate(Photo photo, Func<Photo, AnnotatedPhoto> annotate)
    {
        var (size, modified) = Stamp(photo.Path);
        return annotate(photo) with { Size = size, Modified = modified };
    }

    private static (long? Size, long? Modified) Stamp(string path)
    {
        try
        {
            var info = FinalFile.Of(path);
            return info.Exists ? (info.Length, new DateTimeOffset(info.LastWriteTimeUtc).ToUnixTimeMilliseconds()) : (null, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, null);
        }
    }

    /// <summary>Deletes result files, given relative to the output folder.</summary>
    public static void Delete(string folder, IEnumerable<string> files)
    {
        foreach (var file in files.Select(f => Path.Combine(folder, f)).Where(f => Directory.Exists(Path.GetDirectoryName(f))))
            AnnotationExport.Make(file, () => File.Delete(file));
    }
}
