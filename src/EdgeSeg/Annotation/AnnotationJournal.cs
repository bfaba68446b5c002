using System.Text;
using System.Text.Json;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>One object of a photograph.</summary>
/// <param name="Label">Its category.</param>
/// <param name="Score">0..1.</param>
/// <param name="Area">Pixels.</param>
/// <param name="Box">Left, top, width, height in pixels.</param>
/// <param name="Counts">COCO run lengths of the mask in the photograph's size.</param>
internal sealed record AnnotatedObject(string Label, double Score, int Area, int[] Box, string Counts);

/// <summary>What became of one photograph.</summary>
internal sealed record AnnotatedPhoto(string Name, string Path)
{
    public int Width { get; init; }

    public int Height { get; init; }

    /// <summary>Why it could not be read; empty: it could.</summary>
    public string Fault { get; init; } = "";

    public List<AnnotatedObject> Objects { get; init; } = [];

    /// <summary>The files made of it, relative to the output folder.</summary>
    public List<string> Files { get; init; } = [];

    /// <summary>The photograph's file in bytes; null: the journal is of an earlier version.</summary>
    public long? Size { get; init; }

    /// <summary>When that file was changed, in milliseconds since 1970 (UTC).</summary>
    public long? Modified { get; init; }

    /// <summary>Boxes of the prompts that have no part in the picture.</summary>
    public int BoxesOutside { get; set; }
}

/// <summary>
/// The results of a run, a JSON line for each photograph, written when its files are on the disk: what a run that was interrupted has
/// done. Photographs that could not be read are tried again, and their last line counts.
/// </summary>
internal sealed class AnnotationJournal : IDisposable
{
    public const string FileName = "photographs.jsonl";

    private const int BlockBytes = 1 << 16;

    private readonly string file;
    private readonly FileStream stream;

    /// <param name="folder">The output folder. A line that was left incomplete by an interruption is removed.</param>
    /// <exception cref="OperatingException">It cannot be written.</exception>
    public AnnotationJournal(string folder)
    {
        file = System.IO.Path.Combine(folder, FileName);
        try
        {
            // without a buffer: what could not be written is not tried again when the stream is closed
            stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            stream.SetLength(EndOfLines());
            stream.Position = stream.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(file, e);
        }
    }

    /// <exception cref="OperatingException">It cannot be written.</exception>
    public void Add(AnnotatedPhoto photo)
    {
        try
        {
            stream.Write(Line(photo));
        }
        catch (IOException e)
        {
            throw Unwritable(file, e);
        }
    }

    /// <summary>Removes the lines of all other photographs, all or nothing.</summary>
    /// <exception cref="OperatingException">It cannot be written.</exception>
    public static void Keep(string folder, Func<AnnotatedPhoto, bool> isKept)
    {
        var file = System.IO.Path.Combine(folder, FileName);
        try
        {
            AtomicFile.Replace(
                file,
                stream =>
                {
                    foreach (var photo in Read(folder).Where(isKept))
                        stream.Write(Line(photo));
                }
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(file, e);
        }
    }

    private static byte[] Line(AnnotatedPhoto photo) => Encoding.UTF8.GetBytes(ToJson(photo) + "\n");

    private long EndOfLines()
    {
        var buffer = new byte[BlockBytes];
        long end = 0,
            at = 0;
        for (int read; (read = stream.Read(buffer)) > 0; at += read)
        {
            if (buffer.AsSpan(0, read).LastIndexOf((byte)'\n') is >= 0 and var last)
                end = at + last + 1;
        }
        return end;
    }

    private static OperatingException Unwritable(string file, Exception e) =>
        new($"{file}: cannot be written ({e.Message}): free space there or choose another --out, then run the same command again");

    /// <summary>The photographs of a folder's journal, each with its last line, in the order of those lines.</summary>
    /// <exception cref="OperatingException">A line is damaged, or the journal cannot be read.</exception>
    public static IEnumerable<AnnotatedPhoto> Read(string folder)
    {
        var file = System.IO.Path.Combine(folder, FileName);
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in Lines(file))
            last[Parse(file, line, number).Name] = number++;
        number = 0;
        foreach (var line in Lines(file))
        {
            var photo = Parse(file, line, number);
            if (last[photo.Name] == number++)
                yield return photo;
        }
    }

    public void Dispose() => stream.Dispose();

    private static IEnumerable<string> Lines(string file)
    {
        using var reader = Open(file);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    private static StreamReader Open(string file)
    {
        try
        {
            return new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{file}: cannot be read ({e.Message}): name output folders of 'edgeseg annotate'");
        }
    }

    private static AnnotatedPhoto Parse(string file, string line, int number)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            var objects = root.GetProperty("objects")
                .EnumerateArray()
                .Select(o => new AnnotatedObject(
                    o.GetProperty("label").GetString()!,
                    o.GetProperty("score").GetDouble(),
                    o.GetProperty("area").GetInt32(),
                    [.. o.GetProperty("bbox").EnumerateArray().Select(v => v.GetInt32())],
                    o.GetProperty("counts").GetString()!
                ));
            return new(root.GetProperty("name").GetString()!, root.GetProperty("path").GetString()!)
            {
                Width = root.GetProperty("width").GetInt32(),
                Height = root.GetProperty("height").GetInt32(),
                Fault = root.GetProperty("fault").GetString()!,
                Objects = [.. objects],
                Files = [.. root.GetProperty("files").EnumerateArray().Select(f => Inside(f.GetString()!))],
                Size = root.TryGetProperty("size", out var size) ? size.GetInt64() : null,
                Modified = root.TryGetProperty("modified", out var modified) ? modified.GetInt64() : null,
                BoxesOutside = root.TryGetProperty("boxes_outside", out var outside) ? outside.GetInt32() : 0,
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new OperatingException($"{file}: line {number + 1} is damaged: remove the line to annotate its photograph again");
        }
    }

    /// <summary>Files of the journal are copied and deleted: each must be one of the output folder.</summary>
    private static string Inside(string name) =>
        System.IO.Path.IsPathRooted(name) || name.Split('/').Contains("..") ? throw new FormatException(name) : name;

    private static string ToJson(AnnotatedPhoto photo)
    {
        using var buffer = new MemoryStream();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            w.WriteString("name", photo.Name);
            w.WriteString("path", photo.Path);
            w.WriteNumber("width", photo.Width);
            w.WriteNumber("height", photo.Height);
            if (photo.Size is { } size)
                w.WriteNumber("size", size);
            if (photo.Modified is { } modified)
                w.WriteNumber("modified", modified);
            if (photo.BoxesOutside > 0)
                w.WriteNumber("boxes_outside", photo.BoxesOutside);
            w.WriteString("fault", photo.Fault);
            w.WriteStartArray("objects");
            foreach (var o in photo.Objects)
            {
                w.WriteStartObject();
                w.WriteString("label", o.Label);
                w.WriteNumber("score", Math.Round(o.Score, 4));
                w.WriteNumber("area", o.Area);
                w.WriteStartArray("bbox");
                foreach (var v in o.Box)
                    w.WriteNumberValue(v);
                w.WriteEndArray();
                w.WriteString("counts", o.Counts);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteStartArray("files");
            foreach (var f in photo.Files)
                w.WriteStringValue(f);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
