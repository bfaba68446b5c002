using System.Globalization;
using System.Security.Cryptography;
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
/// <param name="Labels">The categories, in the order of their ids.</param>
/// <param name="Shard">For example <c>2/8</c>; <c>1/1</c> is all.</param>
/// <param name="Options">All else that the results depend on: minimums, the grid of automatic masks, the boxes.</param>
internal sealed record AnnotationSettings(
    string Export,
    string Mode,
    string Model,
    IReadOnlyList<string> Labels,
    string Shard,
    string Options
)
{
    public const string FileName = "annotate.json";

    /// <summary>Text for <see cref="Options"/>.</summary>
    /// <param name="filter">The minimums.</param>
    /// <param name="everything">The grid of automatic masks; null: none.</param>
    /// <param name="boxes">The file of boxes; null: none.</param>
    public static string Describe(MaskFilter filter, AutomaticMaskOptions? everything, string? boxes)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"min_score {filter.MinScore}, min_area {filter.MinArea}");
        if (everything is not null)
            text += string.Create(
                CultureInfo.InvariantCulture,
                $", grid {everything.PointsPerSide}, pred_iou {everything.PredictedIouThreshold}, "
                    + $"stability {everything.StabilityScoreThreshold}, region {everything.MinMaskRegionArea}"
            );
        return boxes is null ? text : $"{text}, boxes {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(boxes)))}";
    }

    /// <summary>Makes the folder ready: a new or empty one is marked, one of the same run goes on.</summary>
    /// <exception cref="OperatingException">The folder holds something else.</exception>
    public void Claim(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (File.Exists(file))
        {
            if (File.ReadAllText(file).Trim() != ToJson())
                throw new OperatingException(
                    $"{folder} holds the results of a run with another export, mode, model, shard or options, or other labels or boxes: "
                        + "choose another --out"
                );
            return;
        }
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new OperatingException($"{folder} is not empty and not of an earlier 'edgeseg annotate': choose another --out");
        Directory.CreateDirectory(folder);
        AtomicFile.WriteFile(file, Encoding.UTF8.GetBytes(ToJson() + "\n"), "annotate:settings");
    }

    /// <exception cref="OperatingException">The folder is not of this program.</exception>
    public static AnnotationSettings Read(string folder)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, FileName)));
            string Text(string name) => json.RootElement.GetProperty(name).GetString() ?? "";
            return new(
                Text("export"),
                Text("mode"),
                Text("model"),
                [.. json.RootElement.GetProperty("labels").EnumerateArray().Select(l => l.GetString() ?? "")],
                Text("shard"),
                Text("options")
            );
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new OperatingException($"{folder}: {FileName} cannot be read ({e.Message}): name output folders of 'edgeseg annotate'");
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
            foreach (var label in Labels)
                w.WriteStringValue(label);
            w.WriteEndArray();
            w.WriteString("shard", Shard);
            w.WriteString("options", Options);
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
