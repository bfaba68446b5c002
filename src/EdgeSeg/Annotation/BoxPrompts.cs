using System.Globalization;
using System.Text.Json;
using EdgeSeg.Evaluation;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Annotation;

/// <summary>
/// A detector's boxes with their labels, by photograph: a COCO file (images and annotations with bbox), a list of COCO results whose
/// image_id or file_name is the file's name, or CSV lines file,x0,y0,x1,y1[,label].
/// </summary>
internal sealed class BoxPrompts
{
    private const string NoLabel = "object";

    private readonly Dictionary<string, List<(Box Box, string Label)>> byFile = new(StringComparer.Ordinal);
    private readonly SortedSet<string> labels = new(StringComparer.Ordinal);
    private readonly HashSet<string> used = new(StringComparer.Ordinal);

    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<string> Labels => [.. labels];

    /// <summary>Entries that could not be used.</summary>
    public int Unusable { get; private set; }

    /// <summary>The files that boxes name and no photograph was asked for.</summary>
    public IEnumerable<string> Unused => byFile.Keys.Where(k => !used.Contains(k));

    /// <exception cref="OperatingException">The file cannot be read or holds no box.</exception>
    public static BoxPrompts Read(string path)
    {
        var prompts = new BoxPrompts();
        try
        {
            if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
                prompts.ReadJson(File.ReadAllBytes(path));
            else
                prompts.ReadCsv(File.ReadLines(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new OperatingException(
                $"{path}: cannot be read ({e.Message}): give COCO detections (.json) or CSV lines file,x0,y0,x1,y1[,label]"
            );
        }
        if (prompts.byFile.Count == 0)
            throw new OperatingException(
                $"{path}: holds no box that can be used: give COCO detections (.json) or CSV lines file,x0,y0,x1,y1[,label]"
            );
        return prompts;
    }

    /// <summary>The boxes of a photograph: under its name, or under its file name alone.</summary>
    public IReadOnlyList<(Box Box, string Label)> Of(Photo photo)
    {
        foreach (var key in (string[])[photo.Name, photo.Path, Path.GetFileName(photo.Name), Path.GetFileNameWithoutExtension(photo.Name)])
        {
            if (byFile.TryGetValue(key, out var boxes))
            {
                used.Add(key);
                return boxes;
            }
        }
        return [];
    }

    private void Add(string? file, double?[] box, string label)
    {
        if (string.IsNullOrEmpty(file) || box.Length != 4 || box.Any(v => v is null) || box[2] <= box[0] || box[3] <= box[1])
        {
            Unusable++;
            return;
        }
        if (!byFile.TryGetValue(file, out var list))
            byFile[file] = list = [];
        list.Add((new Box((float)box[0]!, (float)box[1]!, (float)box[2]!, (float)box[3]!), label));
        labels.Add(label);
    }

    private void ReadJson(byte[] bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        Dictionary<string, string> files = [],
            names = [];
        if (root.ValueKind == JsonValueKind.Object)
        {
            Fill(root, "images", files, "file_name");
            Fill(root, "categories", names, "name");
            if (!root.TryGetProperty("annotations", out root) || root.ValueKind != JsonValueKind.Array)
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
            var category = CocoValue.Text(entry, "label") ?? CocoValue.Text(entry, "category") ?? CocoValue.Key(entry, "category_id");
            double?[] box =
                entry.TryGetProperty("bbox", out var b) && b.ValueKind == JsonValueKind.Array
                    ? [.. b.EnumerateArray().Select(CocoValue.Number)]
                    : [];
            if (box.Length == 4)
                (box[2], box[3]) = (box[0] + box[2], box[1] + box[3]);
            Add(
                image is null ? null : files.GetValueOrDefault(image, image),
                box,
                category is null ? NoLabel : names.GetValueOrDefault(category, category)
            );
        }
    }

    private static void Fill(JsonElement root, string list, Dictionary<string, string> into, string field)
    {
        if (!root.TryGetProperty(list, out var entries) || entries.ValueKind != JsonValueKind.Array)
            return;
        foreach (var entry in entries.EnumerateArray())
        {
            if (entry.ValueKind == JsonValueKind.Object && CocoValue.Key(entry, "id") is { } id && CocoValue.Text(entry, field) is { } text)
                into[id] = text;
        }
    }

    private void ReadCsv(IEnumerable<string> lines)
    {
        var isFirst = true;
        foreach (var line in lines.Where(l => l.Trim().Length > 0))
        {
            var parts = Fields(line);
            double?[] box = [.. parts.Skip(1).Take(4).Select(Number)];
            // the first line may name the columns
            if (!isFirst || box.All(v => v is not null))
                Add(parts[0], box, parts.Count > 5 && parts[5].Length > 0 ? parts[5] : NoLabel);
            isFirst = false;
        }
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    /// <summary>Fields of a CSV line (RFC 4180): quotes around a field, doubled inside it.</summary>
    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && isQuoted && i + 1 < line.Length && line[i + 1] == '"')
                field.Append(line[i++]);
            else if (line[i] == '"')
                isQuoted = !isQuoted;
            else if (line[i] == ',' && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else
                field.Append(line[i]);
        }
        fields.Add(field.ToString().Trim());
        return fields;
    }
}
