using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeSeg.Evaluation;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Annotation;

/// <summary>
/// A detector's boxes with their labels, by photograph: a COCO file (images and annotations with bbox), a list of COCO results whose
/// image_id or file_name is the file's name or number, or a <see cref="BoxCsv">CSV file</see>. Scores are not used.
/// </summary>
internal sealed class BoxPrompts
{
    private const string NoLabel = "object",
        Remedy = "give COCO detections in JSON, or CSV lines file,x0,y0,x1,y1[,label]";

    private readonly Dictionary<string, List<(Box Box, string Label)>> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(Box Box, string Label)>> byPhoto = new(StringComparer.Ordinal);
    private readonly CategoryList categories = new();
    private double greatest;

    private BoxPrompts(string hash) => Hash = hash;

    /// <summary>Of the file's content: it shows whether a run goes on with the same boxes.</summary>
    public string Hash { get; }

    public IReadOnlyList<Category> Categories { get; private set; } = [];

    /// <summary>Entries that cannot be used.</summary>
    public int Unusable { get; private set; }

    /// <summary>The names that are those of no photograph; set by <see cref="Match"/>.</summary>
    public IReadOnlyList<string> Unmatched { get; private set; } = [];

    /// <exception cref="OperatingException">The file cannot be read or holds no box.</exception>
    public static BoxPrompts Read(string path)
    {
        var bytes = ReadBytes(path);
        var prompts = new BoxPrompts(Convert.ToHexStringLower(SHA256.HashData(bytes)));
        try
        {
            var start = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
            if (IsJson(bytes.AsSpan(start)))
            {
                CocoSet.ReplaceNonNumbers(bytes.AsSpan(start));
                prompts.ReadJson(bytes.AsMemory(start));
            }
            else
                new BoxCsv(path).Read(new StreamReader(new MemoryStream(bytes)), prompts.Add);
        }
        catch (JsonException e)
        {
            throw new OperatingException(
                $"{path}: is not valid JSON from line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} on: {Remedy}"
            );
        }
        catch (InvalidOperationException)
        {
            throw new OperatingException($"{path}: holds text that is not valid Unicode: save the file as UTF-8");
        }
        if (prompts.byName.Count == 0)
            throw new OperatingException($"{path}: holds no box that can be used: {Remedy}");
        if (prompts.greatest <= 1)
            throw new OperatingException(
                $"{path}: no coordinate is greater than 1, so the boxes are shares of the picture: give them in pixels"
            );
        prompts.Categories = prompts.categories.All();
        return prompts;
    }

    /// <summary>Gives each photograph the boxes that are meant for it.</summary>
    /// <param name="photos">All photographs of the run, not only those of a shard.</param>
    /// <exception cref="OperatingException">A name means several photographs, or none means any.</exception>
    public void Match(IReadOnlyList<Photo> photos)
    {
        var names = new PhotoNames(photos);
        var unmatched = new List<string>();
        var found = new Dictionary<string, List<(string Name, PhotoNames.Match Match)>>(StringComparer.Ordinal);
        foreach (var name in byName.Keys)
        {
            if (names.Find(name) is not { } match)
                unmatched.Add(name);
            else if (found.TryGetValue(match.Photo.Name, out var list))
                list.Add((name, match));
            else
                found[match.Photo.Name] = [(name, match)];
        }
        foreach (var (photo, list) in found)
        {
            var best = list.MaxBy(m => m.Match.Rank);
            byPhoto[photo] = [];
            foreach (var (name, match) in list)
            {
                if (IsEndOf(match.Folders, best.Match.Folders) || IsEndOf(best.Match.Folders, match.Folders))
                    byPhoto[photo].AddRange(byName[name]);
                else if (match.Rank < best.Match.Rank)
                    unmatched.Add(name);
                else
                    throw new OperatingException(
                        $"'{best.Name}' and '{name}' of --prompts can both mean the photograph '{photo}': "
                            + "name the folder above both folders"
                    );
            }
        }
        Unmatched = unmatched;
        if (byPhoto.Count == 0)
            throw new OperatingException(
                $"none of the {byName.Count} files that --prompts names is among the {photos.Count} photographs: "
                    + $"it has '{byName.Keys.First()}', they have '{photos[0].Name}': correct the names, or give other photographs",
                ExitCode.Usage
            );
    }

    /// <summary>The boxes of a photograph, after <see cref="Match"/>.</summary>
    public IReadOnlyList<(Box Box, string Label)> Of(Photo photo) => byPhoto.TryGetValue(photo.Name, out var boxes) ? boxes : [];

    private static bool IsEndOf(string[] end, string[] folders) =>
        end.Length <= folders.Length && end.AsSpan().SequenceEqual(folders.AsSpan(folders.Length - end.Length));

    private static byte[] ReadBytes(string path)
    {
        try
        {
            var info = FinalFile.Of(path);
            // pipes and devices have length 0 too, and opening one could block for ever
            if (info is { Exists: true, Length: 0 })
                throw new OperatingException($"{path}: is empty or not a plain file: {Remedy}");
            if (info is { Exists: true, Length: > EvaluationLimits.MaxAnnotationBytes })
                throw new OperatingException($"{path}: has more than {EvaluationLimits.MaxAnnotationBytes >> 20} MiB: split the file");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path}: cannot be read ({e.Message}): {Remedy}");
        }
    }

    /// <summary>JSON is recognised by its beginning, whatever the file's name is. '[' can also begin a file name in a CSV file.</summary>
    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        var text = bytes.TrimStart(" \t\r\n"u8);
        return text.StartsWith("{"u8) || (text.StartsWith("["u8) && text[1..].TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)']', ..]);
    }

    private void Add(string? file, double?[] box, string? idOrLabel)
    {
        var label = categories.NameOf(string.IsNullOrEmpty(idOrLabel) ? NoLabel : idOrLabel);
        if (string.IsNullOrEmpty(file) || box.Length != 4 || box.Any(v => v is null) || box[2] <= box[0] || box[3] <= box[1])
        {
            Unusable++;
            return;
        }
        if (!byName.TryGetValue(file, out var list))
            byName[file] = list = [];
        list.Add((new Box((float)box[0]!, (float)box[1]!, (float)box[2]!, (float)box[3]!), label));
        greatest = Math.Max(greatest, Math.Max(box[2]!.Value, box[3]!.Value));
    }

    private void ReadJson(ReadOnlyMemory<byte> bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        if (root.ValueKind == JsonValueKind.Object)
        {
            foreach (var (id, image) in Entries(root, "images"))
            {
                if ((CocoValue.Text(image, "file_name") ?? CocoValue.Text(image, "coco_url")) is { } file)
                    files[id] = file;
            }
            foreach (var (id, category) in Entries(root, "categories"))
                categories.Declare(id, CocoValue.Text(category, "name"));
            if (!root.TryGetProperty("annotations", out root))
                return;
        }
        if (root.ValueKind != JsonValueKind.Array)
            return;
        foreach (var entry in root.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object)
            {
                Unusable++;
                continue;
            }
            var image = CocoValue.Text(entry, "file_name") ?? CocoValue.Key(entry, "image_id");
            double?[] box =
                entry.TryGetProperty("bbox", out var b) && b.ValueKind == JsonValueKind.Array
                    ? [.. b.EnumerateArray().Select(CocoValue.Number)]
                    : [];
            if (box.Length == 4)
                (box[2], box[3]) = (box[0] + box[2], box[1] + box[3]);
            var label = CocoValue.Text(entry, "label") ?? CocoValue.Text(entry, "category") ?? CocoValue.Key(entry, "category_id");
            Add(image is null ? null : files.GetValueOrDefault(image, image), box, label);
        }
    }

    private static IEnumerable<(string Id, JsonElement Entry)> Entries(JsonElement root, string list)
    {
        if (!root.TryGetProperty(list, out var entries) || entries.ValueKind != JsonValueKind.Array)
            yield break;
        foreach (var entry in entries.EnumerateArray())
        {
            if (entry.ValueKind == JsonValueKind.Object && CocoValue.Key(entry, "id") is { } id)
                yield return (id, entry);
        }
    }
}
