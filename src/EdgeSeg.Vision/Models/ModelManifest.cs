using System.Text.Json.Serialization;

namespace EdgeSeg.Vision.Models;

/// <summary>The content of a bundle's <c>model.json</c>. Unknown members are ignored, so that a newer bundle still loads.</summary>
internal sealed record ModelManifest
{
    [JsonPropertyName("v")]
    public int SchemaVersion { get; init; } = 1;

    [JsonRequired]
    public string Name { get; init; } = "";

    /// <summary>A counter: a newer model has a greater one.</summary>
    [JsonRequired]
    public int Version { get; init; }

    /// <summary>Which code runs it: <c>squeezesam</c> or <c>efficientsam</c>.</summary>
    [JsonRequired]
    public string Kind { get; init; } = "";

    [JsonRequired]
    public IReadOnlyList<GraphFile> Graphs { get; init; } = [];

    /// <summary>What the weights may be used for, in one sentence.</summary>
    [JsonRequired]
    public string WeightsLicence { get; init; } = "";

    /// <summary>What the graphs understand besides clicks on the object and boxes: <see cref="NegativeClicks"/>; null: nothing.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>Numbers that were measured for these weights; null: none were.</summary>
    public BundleThresholds? Thresholds { get; init; }

    /// <summary>A capability: points off the object (label 0).</summary>
    public const string NegativeClicks = "negative_clicks";

    /// <summary>The training data and the licence of each set.</summary>
    public IReadOnlyList<DataSet> Data { get; init; } = [];
}

/// <summary>One ONNX file of a bundle. <see cref="File"/> is a plain name in the bundle's folder.</summary>
internal sealed record GraphFile
{
    /// <summary><c>segmenter</c>: one graph does all; <c>encoder</c> and <c>decoder</c>: two graphs.</summary>
    [JsonRequired]
    public string Role { get; init; } = "";

    /// <summary><c>fp32</c> or <c>int8</c>.</summary>
    [JsonRequired]
    public string Precision { get; init; } = "";

    [JsonRequired]
    public string File { get; init; } = "";

    [JsonRequired]
    public long Bytes { get; init; }

    /// <summary>SHA-256 of the file, 64 lower-case hex digits.</summary>
    [JsonRequired]
    public string Sha256 { get; init; } = "";

    /// <summary>
    /// The mask that it gives to the self-check's picture, as COCO run lengths; on the first graph of a bundle, for each precision.
    /// </summary>
    public string? Golden { get; init; }

    /// <summary>The images that an int8 graph's ranges were measured on; an int8 graph without them is refused.</summary>
    public Calibration? Calibration { get; init; }
}

internal sealed record Calibration
{
    [JsonRequired]
    public int Images { get; init; }

    [JsonRequired]
    public string From { get; init; } = "";
}

internal sealed record DataSet
{
    [JsonRequired]
    public string Name { get; init; } = "";

    [JsonRequired]
    public string Licence { get; init; } = "";
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true
)]
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ModelJson : JsonSerializerContext;
