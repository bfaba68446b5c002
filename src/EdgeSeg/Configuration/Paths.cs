using System.Globalization;

namespace EdgeSeg.Configuration;

/// <summary>Dotted paths of keys; see <see cref="Entry.Path"/>.</summary>
internal static class Paths
{
    private const int MaxNameLength = 64;

    /// <summary>
    /// Appends a name. A name with other characters than letters, digits, _ and - is quoted, so that it is neither two names nor an index.
    /// </summary>
    public static string Join(string path, string name)
    {
        if (name.Length > MaxNameLength)
            name = name[..MaxNameLength] + "...";
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')))
            name = Value.Quote(name);
        return path.Length == 0 ? name : $"{path}.{name}";
    }

    /// <summary>
    /// Splits <c>camera[2].uri</c> into <c>camera.uri</c> and 2; without an index it is -1. False when there is more than one index.
    /// </summary>
    public static bool TrySplit(string path, out string plain, out int index)
    {
        (plain, index) = (path, -1);
        if (path.Contains('"'))
            return true;
        var open = path.IndexOf('[', StringComparison.Ordinal);
        if (open < 0)
            return true;
        var close = path.IndexOf(']', open);
        plain = path.Remove(open, close - open + 1);
        var digits = path.AsSpan(open + 1, close - open - 1);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out index)
            && !plain.Contains('[', StringComparison.Ordinal);
    }

    /// <summary>True when the set contains a table above the path.</summary>
    public static bool IsBelow(string path, HashSet<string> tables)
    {
        if (tables.Count == 0)
            return false;
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] is '.' or '[' && tables.Contains(path[..i]))
                return true;
        }

        return false;
    }

    /// <summary>The candidate with the smallest edit distance, if that is small enough for a typing error; else null.</summary>
    public static string? Nearest(string path, IEnumerable<string> candidates)
    {
        if (path.Length > MaxNameLength)
            return null;
        var (best, fewest) = ((string?)null, Math.Max(2, path.Length / 4) + 1);
        foreach (var candidate in candidates)
        {
            // the right name in the wrong table, or with a part missing: mqtt.password for mqtt.password_file
            var isPart =
                candidate.EndsWith("." + path, StringComparison.Ordinal) || candidate.StartsWith(path + "_", StringComparison.Ordinal);
            var changes = isPart ? 1 : Changes(path, candidate);
            if (changes < fewest)
                (best, fewest) = (candidate, changes);
        }

        return best;
    }

    /// <summary>Levenshtein distance.</summary>
    private static int Changes(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
