using System.Globalization;
using System.Text.Json;

namespace EdgeSeg.Evaluation;

/// <summary>Reads the fields of COCO files in the forms that exporters write them.</summary>
internal static class CocoValue
{
    /// <summary>An id as text: integers of any size, floats without a fraction and strings; null for all else.</summary>
    public static string? Key(JsonElement of, string name)
    {
        if (!of.TryGetProperty(name, out var value))
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.String when value.GetString() is { Length: > 0 } text => text,
            JsonValueKind.Number when value.TryGetInt64(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
            JsonValueKind.Number when Number(value) is { } n && Math.Floor(n) == n => n.ToString("0", CultureInfo.InvariantCulture),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
    }

    public static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A whole number of at least 0, also as float or text; null for all else.</summary>
    public static int? Whole(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? Whole(value) : null;

    public static int? Whole(JsonElement value) =>
        Number(value) is { } n && n is >= 0 and <= int.MaxValue && Math.Floor(n) == n ? (int)n : null;

    /// <summary>A finite number, also as text; null for all else.</summary>
    public static double? Number(JsonElement value)
    {
        double number;
        var isNumber = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out number),
            JsonValueKind.String => double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number),
            _ => (number = 0) > 0,
        };
        return isNumber && double.IsFinite(number) ? number : null;
    }

    /// <summary>1, true or "1".</summary>
    public static bool Truth(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && (value.ValueKind == JsonValueKind.True || Number(value) is > 0);
}
