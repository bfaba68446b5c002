using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Evaluation;

/// <summary>A COCO instance annotation file (https://cocodataset.org/#format-data), as far as evaluation needs it.</summary>
internal sealed record CocoSet
{
    [JsonRequired]
    public IReadOnlyList<CocoImage> Images { get; init; } = [];

    [JsonRequired]
    public IReadOnlyList<CocoAnnotation> Annotations { get; init; } = [];

    [JsonRequired]
    public IReadOnlyList<CocoCategory> Categories { get; init; } = [];

    /// <exception cref="OperatingException">The file is missing or not COCO JSON.</exception>
    public static CocoSet Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, CocoJson.Default.CocoSet) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException(
                $"{path}: cannot be read ({e.Message}): name a COCO instance annotation file with --annotations",
                2
            );
        }
        catch (JsonException e)
        {
            throw new OperatingException($"{path}: is not a COCO instance annotation file ({e.Message})", 2);
        }
    }
}

/// <param name="Id">Named by annotations.</param>
/// <param name="FileName">In the folder of photographs.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Kind"><c>none</c> marks a photograph without an object; our own addition to the format.</param>
internal sealed record CocoImage(int Id, string FileName, int Width, int Height, string? Kind = null);

internal sealed record CocoCategory(int Id, string Name);

internal sealed record CocoAnnotation
{
    public long Id { get; init; }

    public int ImageId { get; init; }

    public int CategoryId { get; init; }

    /// <summary>1: these pixels are ignored.</summary>
    [JsonPropertyName("iscrowd")]
    public int IsCrowd { get; init; }

    /// <summary>
    /// <c>salient</c>: what the automatic mode should find; <c>none</c>: its photograph shows no object. Our own addition to the format.
    /// </summary>
    public string? Kind { get; init; }

    /// <summary>An RLE object (compressed or not) or a list of polygons.</summary>
    public JsonElement Segmentation { get; init; }

    /// <summary>Rasterises into <paramref name="mask"/> at the picture's size.</summary>
    /// <exception cref="OperatingException">The segmentation is not of the format or not of the picture's size.</exception>
    public void Rasterise(CocoImage image, RunLength runLength, BinaryMask mask)
    {
        if (Segmentation.ValueKind == JsonValueKind.Array)
            FromPolygons(image, mask);
        else if (Segmentation.ValueKind == JsonValueKind.Object)
            FromRunLength(image, runLength, mask);
        else
            throw Bad("has no segmentation");
    }

    private void FromRunLength(CocoImage image, RunLength runLength, BinaryMask mask)
    {
        var size =
            Segmentation.TryGetProperty("size", out var s) && s.ValueKind == JsonValueKind.Array && s.GetArrayLength() == 2
                ? s
                : throw Bad("has an RLE without size");
        if (size[0].GetInt32() != image.Height || size[1].GetInt32() != image.Width)
            throw Bad($"is of {size[1]}x{size[0]} pixels, its picture of {image.Width}x{image.Height}");
        if (!Segmentation.TryGetProperty("counts", out var counts))
            throw Bad("has an RLE without counts");
        var done =
            counts.ValueKind == JsonValueKind.String
                ? runLength.TryDecode(counts.GetString()!, image.Width, image.Height, mask, out var problem)
                : runLength.TryDecode([.. counts.EnumerateArray().Select(c => c.GetInt32())], image.Width, image.Height, mask, out problem);
        if (!done)
            throw Bad($"has an RLE that cannot be read: {problem}");
    }

    /// <summary>Each ring is a part of the object; parts are united.</summary>
    private void FromPolygons(CocoImage image, BinaryMask mask)
    {
        mask.Reset(image.Width, image.Height);
        foreach (var ring in Segmentation.EnumerateArray())
        {
            var numbers = ring.EnumerateArray().Select(v => v.GetSingle()).ToArray();
            if (numbers.Length >= 6)
                Polygon.Fill([new Ring(false, [.. numbers.Chunk(2).Where(c => c.Length == 2).Select(c => new Vertex(c[0], c[1]))])], mask);
        }
    }

    private OperatingException Bad(string reason) => new($"annotation {Id} {reason}");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CocoSet))]
internal sealed partial class CocoJson : JsonSerializerContext;
