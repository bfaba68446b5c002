using System.Globalization;
using System.Text;

namespace EdgeSeg.Configuration;

internal enum ValueKind
{
    Text,
    Integer,
    Number,
    Flag,
    List,

    /// <summary>A table or a list of tables: has keys, is not a value itself.</summary>
    Table,

    /// <summary>A value that no key accepts: a date, null.</summary>
    Other,

    /// <summary>The text of an environment variable; its key decides the type.</summary>
    Raw,
}

/// <summary>
/// One value as written, before its key checks it. <see cref="Literal"/> is the text itself for <see cref="ValueKind.Text"/> and
/// <see cref="ValueKind.Raw"/>, else the value in TOML's notation.
/// </summary>
internal sealed record Value(ValueKind Kind, string Literal, double Number = 0, IReadOnlyList<Value>? Items = null)
{
    private const int ShownLength = 60;
    private const int MessageLength = 200;

    public static Value Of(long v) => new(ValueKind.Integer, v.ToString(CultureInfo.InvariantCulture), v);

    public static Value Of(double v) => new(ValueKind.Number, v.ToString("R", CultureInfo.InvariantCulture), v);

    public static Value Of(bool v) => new(ValueKind.Flag, v ? "true" : "false");

    public bool TryText(out string text)
    {
        text = Literal;
        return Kind is ValueKind.Text or ValueKind.Raw;
    }

    /// <summary>A text, or a whole number as text: both <c>line = 17</c> and <c>line = "GPIO17"</c> are accepted.</summary>
    public bool TryWord(out string word)
    {
        word = Literal;
        return Kind is ValueKind.Text or ValueKind.Raw or ValueKind.Integer;
    }

    public bool TryInteger(out long v)
    {
        v = 0;
        return Kind is ValueKind.Integer or ValueKind.Raw
            && long.TryParse(Literal, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out v);
    }

    /// <summary>A finite number, whole or not.</summary>
    public bool TryNumber(out double v)
    {
        v = Number;
        if (Kind is ValueKind.Raw && !double.TryParse(Literal, NumberStyles.Float, CultureInfo.InvariantCulture, out v))
            return false;
        return Kind is ValueKind.Integer or ValueKind.Number or ValueKind.Raw && double.IsFinite(v);
    }

    public bool TryFlag(out bool v)
    {
        v = Literal == "true";
        return (Kind is ValueKind.Flag or ValueKind.Raw) && Literal is "true" or "false";
    }

    /// <summary>A list; in an environment variable the items are separated by commas, with or without brackets and quotes.</summary>
    public bool TryList(out IReadOnlyList<Value> items)
    {
        items = Items ?? [];
        if (Kind is ValueKind.List)
            return true;
        if (Kind is not ValueKind.Raw)
            return false;
        var inner = Literal.Trim();
        if (inner.StartsWith('[') && inner.EndsWith(']'))
            inner = inner[1..^1];
        items = inner
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(item => new Value(ValueKind.Raw, item.Trim('"')))
            .ToArray();
        return true;
    }

    /// <summary>For messages: short, on one line, without the password of a URI.</summary>
    public string Shown =>
        Kind switch
        {
            ValueKind.Text or ValueKind.Raw => Shorten(Quote(WithoutSecrets(Literal))),
            ValueKind.List => Shorten("[" + string.Join(", ", (Items ?? []).Take(ShownLength).Select(i => i.Shown)) + "]"),
            ValueKind.Table => "a table",
            _ => Shorten(Literal),
        };

    /// <summary>A text in TOML's quotes.</summary>
    public static string Quote(string text) => $"\"{Escape(text, "\"\\")}\"";

    /// <summary>A message of a parser, which may quote the input, as a short line.</summary>
    public static string OneLine(string message) =>
        Escape(message.Length <= MessageLength ? message : message[..MessageLength] + "...", "");

    private static string Escape(string text, string special)
    {
        var b = new StringBuilder();
        foreach (var c in text)
        {
            if (special.Contains(c, StringComparison.Ordinal))
                b.Append('\\').Append(c);
            else if (char.IsControl(c) || char.IsSurrogate(c))
                b.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                b.Append(c);
        }

        return b.ToString();
    }

    /// <summary>The text with every <c>user:password@</c> after <c>://</c> replaced by <c>***@</c>.</summary>
    public static string WithoutSecrets(string text)
    {
        for (var at = text.IndexOf("://", StringComparison.Ordinal); at >= 0; at = text.IndexOf("://", at + 3, StringComparison.Ordinal))
        {
            var from = at + 3;
            var length = text.AsSpan(from).IndexOfAny(" /\"'");
            var authority = length < 0 ? text.AsSpan(from) : text.AsSpan(from, length);
            var end = authority.LastIndexOf('@');
            if (end >= 0)
                text = string.Concat(text.AsSpan(0, from), "***", text.AsSpan(from + end));
        }

        return text;
    }

    private static string Shorten(string text) => text.Length <= ShownLength ? text : text[..ShownLength] + "...";
}
