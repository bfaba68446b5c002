using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>
/// Annotates photographs into an output folder, or goes on there: a photograph is done again when its file is another than the one that was
/// annotated or a result file of it is missing. In the end the folder holds the results of the named photographs alone.
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
        var dropped = 0;
        foreach (var photo in AnnotationJournal.Read(folder).Where(p => !isWanted(p.Name)))
        {
            Delete(folder, photo);
            dropped++;
        }
        if (dropped > 0)
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
        foreach (var photo in AnnotationJournal.Read(folder).Where(p => wanted.ContainsKey(p.Name)))
        {
            if (photo.Fault.Length == 0 && IsSame(photo, wanted[photo.Name]) && photo.Files.TrueForAll(f => File.Exists(Full(f))))
                done.Add(photo.Name);
            else
                Delete(folder, photo);
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

    /// <summary>Deletes the files of a photograph, which its results no longer are.</summary>
    public static void Delete(string folder, AnnotatedPhoto photo)
    {
        foreach (var file in photo.Files.Select(f => Path.Combine(folder, f)).Where(f => Directory.Exists(Path.GetDirectoryName(f))))
            AnnotationExport.Make(file, () => File.Delete(file));
    }
}
