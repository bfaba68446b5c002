using System.Globalization;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Sampling;

/// <summary>Frames in a <see cref="SampleStore"/>.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="LastNumber">Greatest number so far, that of frames that were purged included; 0: none.</param>
internal readonly record struct SampleTotals(int Count, long Bytes, long LastNumber);

/// <summary>
/// Kept frames on the disk, a ring bounded in bytes: <c>NUMBER-CAMERA.jpg</c> and <c>NUMBER-CAMERA.json</c>. A frame is there when its JSON
/// file is; that is written last, under its name only when it is whole. The folder and its files are for the service's user alone. The
/// folder is read again each time, so another process may remove frames. <c>NUMBER-.purged</c>, an empty file, keeps the number that was
/// the greatest when all frames were removed.
/// </summary>
internal sealed class SampleStore(string folder)
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        OwnerFolder = OwnerFile | UnixFileMode.UserExecute;
    private const string Picture = ".jpg",
        Description = ".json",
        Purged = ".purged";

    public string Folder { get; } = folder;

    /// <summary>The folder of a device's kept frames.</summary>
    public static string FolderOf(string stateDir) => Path.Combine(stateDir, "samples");

    /// <summary>Creates the folder and removes what an interrupted write left.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder belongs to another user.</exception>
    public void Prepare()
    {
        if (OperatingSystem.IsWindows())
            throw new IOException("frames are not kept on Windows, where the folder cannot be closed to other users in the same way");
        Directory.CreateDirectory(Folder, OwnerFolder);
        File.SetUnixFileMode(Folder, OwnerFolder);
        foreach (var file in Directory.GetFiles(Folder))
        {
            var isOrphan = file.EndsWith(Picture, StringComparison.Ordinal) && !File.Exists(Path.ChangeExtension(file, Description));
            if (isOrphan || file.EndsWith(AtomicFile.DraftSuffix, StringComparison.Ordinal))
                File.Delete(file);
        }
    }

    /// <summary>Empty when the folder does not exist.</summary>
    public SampleTotals Measure()
    {
        var (count, bytes, last) = (0, 0L, LastPurged());
        foreach (var name in Names())
        {
            count++;
            bytes += Size(name);
            last = Math.Max(last, NumberOf(name));
        }

        return new SampleTotals(count, bytes, last);
    }

    /// <summary>
    /// The kept frames, oldest first. One whose description is damaged is left out, and named in <paramref name="damaged"/>.
    /// </summary>
    public List<(KeptSample Sample, string Picture)> List(out List<string> damaged)
    {
        var (samples, faults) = (new List<(KeptSample, string)>(), new List<string>());
        foreach (var name in Names())
        {
            if (Read(name) is { } sample)
                samples.Add((sample, PathOf(name, Picture)));
            else
                faults.Add(PathOf(name, Description));
        }

        damaged = faults;
        return samples;
    }

    /// <summary>The first frame of a camera whose number is above <paramref name="after"/>; null: there is none.</summary>
    public (KeptSample Sample, byte[] Jpeg)? Next(string camera, long after)
    {
        foreach (var name in Names())
        {
            if (NumberOf(name) <= after || Read(name) is not { } sample || sample.Camera != camera)
                continue;
            return (sample, File.ReadAllBytes(PathOf(name, Picture)));
        }

        return null;
    }

    /// <summary>The newest frame; null: there is none, or its description is damaged.</summary>
    public KeptSample? Newest() => Names().LastOrDefault() is { } name ? Read(name) : null;

    /// <summary>Writes a frame, after the oldest were removed that it needs the room of.</summary>
    /// <param name="sample">Its number is greater than those of all others.</param>
    /// <param name="jpeg">The picture.</param>
    /// <param name="maxBytes">Of all frames together.</param>
    /// <returns>False: the frame alone is larger than that; nothing was changed.</returns>
    /// <exception cref="IOException">The disk is full or refuses; the frame is not there then.</exception>
    public bool TryAdd(KeptSample sample, ReadOnlySpan<byte> jpeg, long maxBytes)
    {
        var description = sample.ToJson();
        var room = maxBytes - jpeg.Length - description.Length;
        if (room < 0 || description.Length > SampleLimits.MaxDescriptionBytes)
            return false;
        Shrink(room);
        var name = string.Create(CultureInfo.InvariantCulture, $"{sample.Number:D12}-{sample.Camera}");
        try
        {
            Write(PathOf(name, Picture), jpeg);
            Write(PathOf(name, Description), description);
        }
        catch (IOException)
        {
            Remove(name);
            throw;
        }

        return true;
    }

    /// <summary>Writes an empty file and removes it: whether the disk takes files again.</summary>
    /// <exception cref="IOException">It does not.</exception>
    public void Probe()
    {
        var file = Path.Combine(Folder, "probe" + AtomicFile.DraftSuffix);
        File.Create(file).Dispose();
        File.Delete(file);
    }

    /// <summary>
    /// Removes every frame; the greatest number stays, as clients ask for what came after a number. Returns how many frames there were.
    /// </summary>
    /// <exception cref="IOException">The disk refuses; the newest frame's description, and so its number, is there then.</exception>
    public int Purge()
    {
        var names = Names();
        if (names.Count == 0)
            return 0;
        foreach (var name in names.SkipLast(1))
            Remove(name);
        // the pictures go first: they make room on a full disk
        File.Delete(PathOf(names[^1], Picture));
        var last = PathOf(string.Create(CultureInfo.InvariantCulture, $"{Math.Max(NumberOf(names[^1]), LastPurged()):D12}-"), Purged);
        // a name alone has no content that another user, as who the service runs, could not read
        if (!File.Exists(last))
            File.Create(last).Dispose();
        AtomicFile.SyncFolder(Folder);
        File.Delete(PathOf(names[^1], Description));
        foreach (var mark in Directory.GetFiles(Folder, "*" + Purged).Where(m => m != last))
            File.Delete(mark);
        return names.Count;
    }

    /// <summary>Greatest number at the last purge; 0: there was none.</summary>
    private long LastPurged() => Names(Purged) is [.., var last] ? NumberOf(last) : 0;

    private void Shrink(long room)
    {
        var bytes = Measure().Bytes;
        if (bytes <= room)
            return;
        foreach (var name in Names())
        {
            bytes -= Size(name);
            Remove(name);
            if (bytes <= room)
                return;
        }
    }

    /// <summary>The description first: without it the frame is gone, and a picture that stays is removed at the next start.</summary>
    private void Remove(string name)
    {
        File.Delete(PathOf(name, Description));
        File.Delete(PathOf(name, Picture));
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            AtomicFile.WriteFile(path, content, "sample", OwnerFile);
        }
        catch (IOException)
        {
            File.Delete(path + AtomicFile.DraftSuffix);
            throw;
        }
    }

    /// <summary>Names without their ending, lowest number first.</summary>
    private List<string> Names(string ending = Description)
    {
        try
        {
            var names = Directory
                .EnumerateFiles(Folder, "*" + ending)
                .Select(f => Path.GetFileNameWithoutExtension(f))
                .Where(n => NumberOf(n) > 0)
                .ToList();
            names.Sort((a, b) => NumberOf(a).CompareTo(NumberOf(b)));
            return names;
        }
        catch (DirectoryNotFoundException)
        {
            // nothing was kept so far; a folder that may not be entered is another matter
            return [];
        }
    }

    private KeptSample? Read(string name)
    {
        try
        {
            var bytes = File.ReadAllBytes(PathOf(name, Description));
            return bytes.Length <= SampleLimits.MaxDescriptionBytes && File.Exists(PathOf(name, Picture))
                ? KeptSample.FromJson(bytes)
                : null;
        }
        catch (FileNotFoundException)
        {
            // removed by another process meanwhile
            return null;
        }
    }

    private long Size(string name) => Length(PathOf(name, Picture)) + Length(PathOf(name, Description));

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private string PathOf(string name, string ending) => Path.Combine(Folder, name + ending);

    private static long NumberOf(string name) =>
        name.IndexOf('-', StringComparison.Ordinal) is > 0 and var at
        && long.TryParse(name.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
