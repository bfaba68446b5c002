using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>What a run of <c>edgeseg annotate</c> makes; kept in its output folder, so that no other run goes on in it.</summary>
/// <param name="Export">One of <see cref="AnnotationExport.Kinds"/>.</param>
/// <param name="Mode"><c>main</c>, <c>everything</c> or <c>boxes</c>.</param>
/// <param name="Model">Name and version.</param>
/// <param name="Categories">In the order of the export.</param>
/// <param name="Shard">For example <c>2/8</c>; <c>1/1</c> is all.</param>
/// <param name="Options">All else that the results depend on: minimums, the grid of automatic masks, the boxes.</param>
internal sealed record AnnotationSettings(
    string Export,
    string Mode,
    string Model,
    IReadOnlyList<Category> Categories,
    string Shard,
    string Options
)
{
    public const string FileName = "annotate.json";

    /// <summary>As asked for, so that shards may run on machines of different kinds; null: made by an earlier version.</summary>
    public string? Precision { get; init; }

    /// <summary>Name and version of the bundle that finds the main object; null: made by an earlier version.</summary>
    public string? SalienceModel { get; init; }

    /// <summary>The number of photographs of a run that is finished; null: it is not.</summary>
    public int? Photographs { get; init; }

    /// <summary>The real paths of the parts of a merge, sorted; empty: it is none.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>The real path of the list of empty photographs, which the same run may replace; null: none was asked for.</summary>
    public string? ListEmpty { get; init; }

    /// <summary>Text for <see cref="Options"/>.</summary>
    /// <param name="filter">The minimums.</param>
    /// <param name="automaticMasks">The grid of automatic masks; null: none.</param>
    /// <param name="boxes">The hash of the file of boxes; null: none.</param>
    public static string Describe(MaskFilter filter, AutomaticMaskOptions? automaticMasks, string? boxes)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"min_score {filter.MinScore}, min_area {filter.MinArea}");
        if (automaticMasks is not null)
            text += string.Create(
                CultureInfo.InvariantCulture,
                $", grid {automaticMasks.PointsPerSide}, pred_iou {automaticMasks.PredictedIouThreshold}, "
                    + $"stability {automaticMasks.StabilityScoreThreshold}, region {automaticMasks.MinMaskRegionArea ?? -1}"
            );
        return boxes is null ? text : $"{text}, boxes {boxes}";
    }

    /// <summary>
    /// Makes the folder ready: a new or empty one is marked, one of the same run goes on; a merge goes on only in one of the same parts.
    /// </summary>
    /// <exception cref="OperatingException">The folder holds something else, or cannot be written.</exception>
    public void Claim(string folder)
    {
        if (File.Exists(Path.Combine(folder, FileName)))
        {
            var found = Read(folder);
            var others = Differences(found);
            if (others.Length == 0 && found.Shard != Shard)
                others = "shard";
            if (others.Length > 0)
                throw new OperatingException($"{folder} holds the results of a run with another {others}: choose another --out");
            if (Parts.Count > 0 && !Parts.SequenceEqual(found.Parts))
                throw new OperatingException($"{folder} holds other results than a merge of these parts: choose another --out");
        }
        else if (File.Exists(folder))
            throw new OperatingException($"{folder} is a file: choose another --out", ExitCode.Usage);
        else if (Entries(folder).Length > 0)
            throw new OperatingException($"{folder} is not empty and not of an earlier 'edgeseg annotate': choose another --out");
        Write(folder);
    }

    /// <summary>Writes the settings into the folder, which is made.</summary>
    /// <exception cref="OperatingException">It cannot be written.</exception>
    public void Write(string folder)
    {
        var file = Path.Combine(folder, FileName);
        AnnotationExport.Make(file, () => AtomicFile.WriteFile(file, Encoding.UTF8.GetBytes(ToJson() + "\n"), "annotate:settings"));
    }

    /// <summary>What differs between two runs other than the shard, as text; empty: nothing.</summary>
    public string Differences(AnnotationSettings other)
    {
        (string Name, bool Differs)[] all =
        [
            ("export", Export != other.Export),
            ("mode", Mode != other.Mode),
            ("model", Model != other.Model),
            ("precision", Precision is not null && other.Precision is not null && Precision != other.Precision),
            ("salience model", SalienceModel is not null && other.SalienceModel is not null && SalienceModel != other.SalienceModel),
            ("list of labels", !Categories.SequenceEqual(other.Categories)),
            ("set of options or boxes", Options != other.Options),
        ];
        return string.Join(", ", all.Where(a => a.Differs).Select(a => a.Name));
    }

    /// <exception cref="OperatingException">The folder is not of this program.</exception>
    public static AnnotationSettings Read(string folder)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, FileName)));
            var root = json.RootElement;
            string Text(string name) => root.GetProperty(name).GetString() ?? "";
            string[] labels = [.. root.GetProperty("labels").EnumerateArray().Select(l => l.GetString() ?? "")];
            int[] ids = root.TryGetProperty("label_ids", out var list)
                ? [.. list.EnumerateArray().Select(i => i.GetInt32())]
                : [.. Enumerable.Range(1, labels.Length)];
            var settings = new AnnotationSettings(
                Text("export"),
                Text("mode"),
                Text("model"),
                [.. ids.Zip(labels).Select(c => new Category(c.First, c.Second))],
                Text("shard"),
                Text("options")
            )
            {
                Precision = root.TryGetProperty("precision", out var precision) ? precision.GetString() : null,
                SalienceModel = root.TryGetProperty("salience_model", out var salience) ? salience.GetString() : null,
                Photographs = root.TryGetProperty("photographs", out var count) ? count.GetInt32() : null,
                ListEmpty = root.TryGetProperty("list_empty", out var empty) ? empty.GetString() : null,
                Parts = root.TryGetProperty("parts", out var parts) ? [.. parts.EnumerateArray().Select(p => p.GetString() ?? "")] : [],
            };
            return ShardNumbers(settings.Shard) is null || !AnnotationExport.Kinds.Contains(settings.Export)
                ? throw new FormatException($"'{settings.Shard}' is no shard or '{settings.Export}' is no export")
                : settings;
        }
        catch (Exception e)
            when (e
                    is IOException
                        or UnauthorizedAccessException
                        or JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or FormatException
            )
        {
            throw new OperatingException($"{folder}: {FileName} cannot be read ({e.Message}): name output folders of 'edgeseg annotate'");
        }
    }

    /// <summary><see cref="ListEmpty"/> of the run in a folder; null where there is none.</summary>
    public static string? ListOf(string folder) => File.Exists(Path.Combine(folder, FileName)) ? Read(folder).ListEmpty : null;

    /// <summary>I and N of a text I/N with 1 &lt;= I &lt;= N; null: it is none.</summary>
    public static (int Index, int Count)? ShardNumbers(string text) =>
        text.Split('/') is [var first, var second]
        && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
        && index >= 1
        && index <= count
            ? (index, count)
            : null;

    private static string[] Entries(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder).Take(1)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{folder}: cannot be read ({e.Message}): choose another --out");
        }
    }

    private string ToJson()
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            w.WriteString("export", Export);
            w.WriteString("mode", Mode);
            w.WriteString("model", Model);
            w.WriteStartArray("labels");
            foreach (var (_, name) in Categories)
                w.WriteStringValue(name);
            w.WriteEndArray();
            w.WriteStartArray("label_ids");
            foreach (var (id, _) in Categories)
                w.WriteNumberValue(id);
            w.WriteEndArray();
            w.WriteString("shard", Shard);
            w.WriteString("options", Options);
            if (Precision is not null)
                w.WriteString("precision", Precision);
            if (SalienceModel is not null)
                w.WriteString("salience_model", SalienceModel);
            if (ListEmpty is not null)
                w.WriteString("list_empty", ListEmpty);
            if (Photographs is { } count)
                w.WriteNumber("photographs", count);
            w.WriteStartArray("parts");
            foreach (var part in Parts)
                w.WriteStringValue(part);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
