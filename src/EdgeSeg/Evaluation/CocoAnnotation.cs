using System.Text.Json;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Evaluation;

/// <summary>One annotation that can be used.</summary>
internal sealed record CocoAnnotation
{
    /// <summary>The file's own id, or its place in the file.</summary>
    public string Id { get; init; } = "";

    /// <summary>Position in <see cref="CocoSet.Images"/>.</summary>
    public int ImageId { get; init; }

    /// <summary>Position in <see cref="CocoSet.Categories"/>.</summary>
    public int CategoryId { get; init; }

    /// <summary>1: these pixels are ignored.</summary>
    public int IsCrowd { get; init; }

    /// <summary>
    /// <c>salient</c> marks what the automatic mode should find, <c>none</c> that nothing is there; our own addition to the format.
    /// </summary>
    public string? Kind { get; init; }

    public CocoSegmentation? Segmentation { get; init; }

    /// <summary>Rasterises into <paramref name="mask"/> at the picture's size.</summary>
    /// <exception cref="OperatingException">There is no segmentation, or it is not of the picture's size.</exception>
    public void Rasterise(CocoImage image, RunLength runLength, BinaryMask mask)
    {
        var problem = Segmentation is null ? "annotation without segmentation" : Segmentation.Rasterise(image, runLength, mask);
        if (problem.Length > 0)
            throw new OperatingException(problem);
    }
}

/// <summary>A segmentation: polygon rings, or run lengths of a mask of a stated size.</summary>
internal sealed class CocoSegmentation
{
    private readonly List<Ring> rings = [];
    private string? compressed;
    private int[]? counts;
    private int width,
        height;

    /// <summary>Null with the reason where nothing can be used.</summary>
    public static CocoSegmentation? Parse(JsonElement value, out string problem)
    {
        var result = new CocoSegmentation();
        problem = value.ValueKind switch
        {
            JsonValueKind.Object => result.ReadRunLength(value),
            JsonValueKind.Array when value.GetArrayLength() > 0 => result.ReadPolygons(value),
            JsonValueKind.Array or JsonValueKind.Null or JsonValueKind.Undefined => "annotation without segmentation",
            _ => "segmentation that is neither polygons nor RLE",
        };
        return problem.Length == 0 ? result : null;
    }

    /// <summary>Empty, or why it cannot be drawn on this picture.</summary>
    public string Rasterise(CocoImage image, RunLength runLength, BinaryMask mask)
    {
        mask.Reset(image.Width, image.Height);
        if (rings.Count > 0)
        {
            // each ring is a part of the object; parts are united
            foreach (var ring in rings)
                Polygon.Fill([ring], mask);
            return "";
        }
        if (width != image.Width || height != image.Height)
            return "RLE of another size than its picture";
        var done = compressed is not null
            ? runLength.TryDecode(compressed, width, height, mask, out var problem)
            : runLength.TryDecode(counts!, width, height, mask, out problem);
        return done ? "" : $"RLE that cannot be read: {problem}";
    }

    private string ReadRunLength(JsonElement value)
    {
        if (
            !value.TryGetProperty("size", out var size)
            || size.ValueKind != JsonValueKind.Array
            || size.GetArrayLength() != 2
            || CocoValue.Whole(size[0]) is not { } rows
            || CocoValue.Whole(size[1]) is not { } columns
        )
            return "RLE without size";
        (height, width) = (rows, columns);
        if (!value.TryGetProperty("counts", out var runs))
            return "RLE without counts";
        if (runs.ValueKind == JsonValueKind.String)
        {
            compressed = runs.GetString()!;
            return "";
        }
        if (runs.ValueKind != JsonValueKind.Array)
            return "RLE without counts";
        var list = new int[runs.GetArrayLength()];
        var i = 0;
        foreach (var run in runs.EnumerateArray())
        {
            if (CocoValue.Whole(run) is not { } length)
                return "RLE with counts that are not whole numbers";
            list[i++] = length;
        }
        counts = list;
        return "";
    }

    /// <summary>A list of rings [x, y, x, y, ...], of rings [[x, y], ...], or one ring without a list.</summary>
    private string ReadPolygons(JsonElement value)
    {
        var isFlat = value[0].ValueKind is JsonValueKind.Number or JsonValueKind.String;
        var isOneOfPairs = value[0].ValueKind == JsonValueKind.Array && value.GetArrayLength() > 2 && value.EnumerateArray().All(IsPair);
        var problem = "";
        foreach (var ring in isFlat || isOneOfPairs ? [value] : value.EnumerateArray().ToArray())
        {
            if (ring.ValueKind != JsonValueKind.Array)
                return "segmentation that is neither polygons nor RLE";
            var numbers = ring.EnumerateArray().SelectMany(v => v.ValueKind == JsonValueKind.Array ? v.EnumerateArray().ToArray() : [v]);
            var values = numbers.Select(CocoValue.Number).ToArray();
            if (values.Any(v => v is null or < -EvaluationLimits.MaxCoordinate or > EvaluationLimits.MaxCoordinate))
                problem = "polygon with values that are not coordinates";
            else if (values.Length < 6)
                problem = "polygon of fewer than three points";
            else
                rings.Add(new(false, [.. values.Chunk(2).Where(c => c.Length == 2).Select(c => new Vertex((float)c[0]!, (float)c[1]!))]));
        }
        return rings.Count > 0 ? "" : problem;
    }

    private static bool IsPair(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array
        && value.GetArrayLength() == 2
        && value.EnumerateArray().All(v => CocoValue.Number(v) is not null);
}
