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
}

/// <summary>
/// The results of a run, a JSON line for each photograph, written when its files are on the disk: what a run that was interrupted has
/// done. Photographs that could not be read are tried again, and their last line counts.
/// </summary>
internal sealed class AnnotationJournal : IDisposable
{
    public const string FileName = "photographs.jsonl";

    private readonly string file;
    private readonly FileStream stream;

    /// <param name="folder">The output folder. A line that was cut off by an interruption is removed.</param>
    public AnnotationJournal(string folder)
    {
        file = System.IO.Path.Combine(folder, FileName);
        stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        long end = 0;
        for (int b, at = 0; (b = stream.ReadByte()) >= 0; at++)
        {
            if (b == '\n')
                end = at + 1L;
        }
        stream.SetLength(end);
        stream.Position = end;
    }

    public void Add(AnnotatedPhoto photo)
    {
        stream.Write(Encoding.UTF8.GetBytes(ToJson(photo) + "\n"));
        stream.Flush(flushToDisk: false);
    }

    /// <summary>The photographs of a folder's journal, each with its last line, in the order of those lines.</summary>
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
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
            yield return line;
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
                Files = [.. root.GetProperty("files").EnumerateArray().Select(f => f.GetString()!)],
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new OperatingException($"{file}: line {number + 1} is damaged: remove the line to annotate its photograph again");
        }
    }

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
