namespace EdgeSeg.Vision.Images;

/// <summary>
/// Orders names as people number them: a run of digits counts as one number, so frame2 comes before frame10. The rest is compared by
/// character codes, and names that are equal but for leading zeros by their codes too.
/// </summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static NaturalOrder Instance { get; } = new();

    private NaturalOrder() { }

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
            return string.CompareOrdinal(x, y);
        int i = 0,
            j = 0;
        while (i < x.Length && j < y.Length)
        {
            var order =
                char.IsAsciiDigit(x[i]) && char.IsAsciiDigit(y[j]) ? Numbers(Digits(x, ref i), Digits(y, ref j)) : x[i++].CompareTo(y[j++]);
            if (order != 0)
                return order;
        }
        var rest = (x.Length - i).CompareTo(y.Length - j);
        return rest != 0 ? rest : string.CompareOrdinal(x, y);
    }

    private static ReadOnlySpan<char> Digits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return text.AsSpan(start, at - start).TrimStart('0');
    }

    /// <summary>Without leading zeros the longer number is the greater one.</summary>
    private static int Numbers(ReadOnlySpan<char> x, ReadOnlySpan<char> y) =>
        x.Length != y.Length ? x.Length.CompareTo(y.Length) : x.SequenceCompareTo(y);
}
