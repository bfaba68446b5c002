using System.Text.Json;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>Single values of a command's body, each with its range. Null: read; else why not.</summary>
internal static class CommandValues
{
    public static CommandError? Text(ref Utf8JsonReader value, string name, out string text)
    {
        text = value.TokenType == JsonTokenType.String ? value.GetString()! : "";
        return value.TokenType == JsonTokenType.String ? null : CommandError.Bad($"'{name}' is a text");
    }

    public static CommandError? Flag(ref Utf8JsonReader value, string name, out bool flag)
    {
        flag = value.TokenType == JsonTokenType.True;
        return value.TokenType is JsonTokenType.True or JsonTokenType.False ? null : CommandError.Bad($"'{name}' is true or false");
    }

    public static CommandError? Integer(ref Utf8JsonReader value, string name, int min, int max, out int? number)
    {
        number = null;
        if (value.TokenType != JsonTokenType.Number || !value.TryGetInt32(out var n) || n < min || n > max)
            return CommandError.Bad(min == max ? $"'{name}' is {min}" : $"'{name}' is a whole number from {min} to {max}");
        number = n;
        return null;
    }

    public static CommandError? Number(ref Utf8JsonReader value, string name, double min, double max, out double? number)
    {
        number = null;
        if (!TryFinite(ref value, out var n) || n < min || n > max)
            return CommandError.Bad($"'{name}' is a number from {min} to {max}");
        number = n;
        return null;
    }

    public static CommandError? Utc(ref Utf8JsonReader value, string name, out DateTimeOffset? utc)
    {
        utc = null;
        if (value.TokenType != JsonTokenType.String || value.ValueSpan is not [.., (byte)'Z'] || !value.TryGetDateTimeOffset(out var t))
            return CommandError.Bad($"'{name}' is a time in UTC such as 2026-01-31T12:00:00Z");
        utc = t;
        return null;
    }

    /// <summary>[[x,y], {"x":..,"y":..,"label":1}, ...]</summary>
    public static CommandError? Points(ref Utf8JsonReader value, string name, List<Click> clicks)
    {
        if (value.TokenType != JsonTokenType.StartArray)
            return CommandError.Bad($"'{name}' is a list of [x,y] or {{x,y}}");
        while (value.Read() && value.TokenType != JsonTokenType.EndArray)
        {
            if (clicks.Count == PromptBuffer.MaxPoints)
                return new CommandError(
                    CommandErrorCode.UnsupportedPrompt,
                    $"'{name}' holds more than {PromptBuffer.MaxPoints} points: the model was not trained with more"
                );
            Click click;
            var wrong = value.TokenType switch
            {
                JsonTokenType.StartArray => Pair(ref value, name, out click),
                JsonTokenType.StartObject => Labelled(ref value, name, out click),
                _ => NoPoint(name, out click),
            };
            if (wrong is not null)
                return wrong;
            clicks.Add(click);
        }

        return null;
    }

    /// <summary>[left,top,right,bottom]</summary>
    public static CommandError? Corners(ref Utf8JsonReader value, string name, out Box? box)
    {
        box = null;
        Span<double> c = stackalloc double[4];
        if (value.TokenType != JsonTokenType.StartArray || !TryNumbers(ref value, c))
            return CommandError.Bad($"'{name}' is [left,top,right,bottom]");
        box = new Box((float)c[0], (float)c[1], (float)c[2], (float)c[3]);
        return null;
    }

    /// <summary>What no picture can hold. The picture's own size is looked at when it is there.</summary>
    public static CommandError? OutOfRange(List<Click> clicks, Box? box, bool normalized)
    {
        float max = normalized ? 1 : ConfigurationLimits.MaxImageSide;
        var range = normalized
            ? "coordinates with normalized:true are from 0 to 1"
            : $"coordinates are pixels from 0 to {ConfigurationLimits.MaxImageSide}";
        foreach (var c in clicks)
        {
            if (!(c.X >= 0 && c.X <= max && c.Y >= 0 && c.Y <= max))
                return CommandError.Bad(range);
        }

        if (box is not { } b)
            return null;
        if (!(b.X0 >= 0 && b.X1 <= max && b.Y0 >= 0 && b.Y1 <= max))
            return CommandError.Bad(range);
        return b.Width > 0 && b.Height > 0
            ? null
            : CommandError.Bad("'box' has no area: [left,top,right,bottom] with right > left and bottom > top");
    }

    private static CommandError? NoPoint(string name, out Click click)
    {
        click = default;
        return CommandError.Bad($"a point of '{name}' is [x,y] or {{x,y}}");
    }

    private static CommandError? Pair(ref Utf8JsonReader value, string name, out Click click)
    {
        Span<double> xy = stackalloc double[2];
        if (!TryNumbers(ref value, xy))
            return NoPoint(name, out click);
        click = new Click((float)xy[0], (float)xy[1]);
        return null;
    }

    private static CommandError? Labelled(ref Utf8JsonReader value, string name, out Click click)
    {
        double? x = null,
            y = null;
        int? label = null;
        click = default;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = value.GetString()!;
            value.Read();
            if (field == "label" && label is null)
            {
                if (value.TokenType != JsonTokenType.Number || !value.TryGetInt32(out var l) || l is not (0 or 1))
                    return CommandError.Bad("'label' is 1 (on the object) or 0 (off the object)");
                label = l;
                continue;
            }

            if (!TryFinite(ref value, out var n))
                return NoPoint(name, out click);
            if (field == "x" && x is null)
                x = n;
            else if (field == "y" && y is null)
                y = n;
            else
                return CommandError.Bad($"a point of '{name}' has x, y and label, each once, and no '{CommandError.Shown(field)}'");
        }

        if (x is null || y is null)
            return NoPoint(name, out click);
        click = new Click((float)x, (float)y, IsNegative: label == 0);
        return null;
    }

    /// <summary>Exactly so many finite numbers up to the list's end.</summary>
    private static bool TryNumbers(ref Utf8JsonReader value, scoped Span<double> numbers)
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            if (!value.Read() || !TryFinite(ref value, out numbers[i]))
                return false;
        }

        return value.Read() && value.TokenType == JsonTokenType.EndArray;
    }

    private static bool TryFinite(ref Utf8JsonReader value, out double number)
    {
        number = 0;
        return value.TokenType == JsonTokenType.Number && value.TryGetDouble(out number) && double.IsFinite(number);
    }
}
