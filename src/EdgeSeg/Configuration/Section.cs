using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>A table of the file with its keys, in the order of the example. The path of the root section is empty.</summary>
internal abstract class Section(string path, string doc, bool isList)
{
    private readonly List<SettingKey> keys = [];

    public string Path { get; } = path;

    public string Doc { get; } = doc;

    /// <summary>Written as <c>[[path]]</c>, any number of times.</summary>
    public bool IsList { get; } = isList;

    public IReadOnlyList<SettingKey> Keys => keys;

    protected void Add(string name, string allowed, string doc, Func<Settings, int, Value, bool> set, Func<Settings, int, string> show) =>
        keys.Add(new SettingKey(Path.Length == 0 ? name : $"{Path}.{name}", allowed, doc, set, show));
}

/// <summary>
/// Builds the keys of a section whose values are in a <typeparamref name="T"/>: name, allowed values, a line of documentation, getter,
/// setter.
/// </summary>
internal sealed class Section<T>(string path, string doc, Func<Settings, int, T> at, bool isList = false) : Section(path, doc, isList)
{
    public Section<T> Text(string name, TextForm form, string doc, Func<T, string> get, Action<T, string> set)
    {
        Add(
            name,
            form.Allowed,
            doc,
            (s, i, v) =>
            {
                if (!v.TryText(out var text) || text.Length > ConfigurationLimits.MaxSettingLength)
                    return false;
                if (text.Contains('\0') || !form.Fits(text))
                    return false;
                set(at(s, i), text);
                return true;
            },
            (s, i) => Value.Quote(Value.WithoutSecrets(get(at(s, i))))
        );
        return this;
    }

    /// <summary>A text that may be written as a number, such as a GPIO line.</summary>
    public Section<T> Word(string name, TextForm form, string doc, Func<T, string> get, Action<T, string> set)
    {
        Add(
            name,
            form.Allowed,
            doc,
            (s, i, v) =>
            {
                if (!v.TryWord(out var word) || !form.Fits(word))
                    return false;
                set(at(s, i), word);
                return true;
            },
            (s, i) => Value.Quote(get(at(s, i)))
        );
        return this;
    }

    public Section<T> Choice<TChoice>(
        string name,
        string doc,
        Func<T, TChoice> get,
        Action<T, TChoice> set,
        params (string Word, TChoice Value)[] words
    )
        where TChoice : struct
    {
        Add(
            name,
            Words(words.Select(w => w.Word)),
            doc,
            (s, i, v) =>
            {
                if (!v.TryWord(out var word))
                    return false;
                var found = Array.FindIndex(words, w => w.Word == word);
                if (found >= 0)
                    set(at(s, i), words[found].Value);
                return found >= 0;
            },
            (s, i) => Value.Quote(words.First(w => EqualityComparer<TChoice>.Default.Equals(w.Value, get(at(s, i)))).Word)
        );
        return this;
    }

    public Section<T> Integer(string name, int min, int max, string doc, Func<T, int> get, Action<T, int> set)
    {
        Add(
            name,
            $"a whole number {min}..{max}",
            doc,
            (s, i, v) =>
            {
                if (!v.TryInteger(out var n) || n < min || n > max)
                    return false;
                set(at(s, i), (int)n);
                return true;
            },
            (s, i) => get(at(s, i)).ToString(CultureInfo.InvariantCulture)
        );
        return this;
    }

    public Section<T> OneOf(string name, int[] allowed, string doc, Func<T, int> get, Action<T, int> set)
    {
        Add(
            name,
            $"one of {string.Join(", ", allowed)}",
            doc,
            (s, i, v) =>
            {
                if (!v.TryInteger(out var n) || !allowed.Any(a => a == n))
                    return false;
                set(at(s, i), (int)n);
                return true;
            },
            (s, i) => get(at(s, i)).ToString(CultureInfo.InvariantCulture)
        );
        return this;
    }

    public Section<T> Number(string name, double min, double max, string doc, Func<T, double> get, Action<T, double> set)
    {
        Add(
            name,
            $"a number {min}..{max}",
            doc,
            (s, i, v) =>
            {
                if (!v.TryNumber(out var n) || n < min || n > max)
                    return false;
                set(at(s, i), n);
                return true;
            },
            (s, i) => get(at(s, i)).ToString("0.0########", CultureInfo.InvariantCulture)
        );
        return this;
    }

    public Section<T> Flag(string name, string doc, Func<T, bool> get, Action<T, bool> set)
    {
        Add(
            name,
            "true or false",
            doc,
            (s, i, v) =>
            {
                if (!v.TryFlag(out var flag))
                    return false;
                set(at(s, i), flag);
                return true;
            },
            (s, i) => get(at(s, i)) ? "true" : "false"
        );
        return this;
    }

    public Section<T> Area(string name, string doc, Func<T, Area?> get, Action<T, Area?> set)
    {
        Add(
            name,
            $"[] or [x, y, width, height] in pixels, width and height at least {PictureBounds.MinSide}",
            doc,
            (s, i, v) =>
            {
                if (!v.TryList(out var items) || !TryArea(items, out var area))
                    return false;
                set(at(s, i), area);
                return true;
            },
            (s, i) => get(at(s, i)) is { } a ? $"[{a.X}, {a.Y}, {a.Width}, {a.Height}]" : "[]"
        );
        return this;
    }

    /// <summary>A list of distinct words of a given set.</summary>
    public Section<T> List(
        string name,
        string[] words,
        string doc,
        Func<T, IReadOnlyList<string>> get,
        Action<T, IReadOnlyList<string>> set
    )
    {
        Add(
            name,
            $"a list of {string.Join(", ", words.Select(Value.Quote))}, each at most once",
            doc,
            (s, i, v) =>
            {
                if (!v.TryList(out var items) || items.Count > words.Length)
                    return false;
                var texts = items.Select(item => item.TryText(out var text) ? text : "").ToArray();
                if (!texts.All(words.Contains) || texts.Distinct().Count() != texts.Length)
                    return false;
                set(at(s, i), texts);
                return true;
            },
            (s, i) => $"[{string.Join(", ", get(at(s, i)).Select(Value.Quote))}]"
        );
        return this;
    }

    /// <summary>A list of distinct ids.</summary>
    public Section<T> Ids(string name, int most, string doc, Func<T, IReadOnlyList<string>> get, Action<T, IReadOnlyList<string>> set)
    {
        Add(
            name,
            $"a list of at most {most} different ids: each {Identifier.Form}",
            doc,
            (s, i, v) =>
            {
                if (!v.TryList(out var items) || items.Count > most)
                    return false;
                var texts = items.Select(item => item.TryWord(out var text) ? text : "").ToArray();
                if (!texts.All(t => Identifier.IsValid(t)) || texts.Distinct(StringComparer.Ordinal).Count() != texts.Length)
                    return false;
                set(at(s, i), texts);
                return true;
            },
            (s, i) => $"[{string.Join(", ", get(at(s, i)).Select(Value.Quote))}]"
        );
        return this;
    }

    private static bool TryArea(IReadOnlyList<Value> items, out Area? area)
    {
        area = null;
        if (items.Count == 0)
            return true;
        Span<int> n = stackalloc int[4];
        if (items.Count != n.Length)
            return false;
        for (var i = 0; i < n.Length; i++)
        {
            if (!items[i].TryInteger(out var v) || v < 0 || v > ConfigurationLimits.MaxImageSide)
                return false;
            n[i] = (int)v;
        }

        area = new Area(n[0], n[1], n[2], n[3]);
        return n[2] >= PictureBounds.MinSide && n[3] >= PictureBounds.MinSide;
    }

    private static string Words(IEnumerable<string> words) => "one of " + string.Join(", ", words.Select(Value.Quote));
}
