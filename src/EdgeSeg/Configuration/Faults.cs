using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>Where a value was set: a file and its line (from 1), or an environment variable (line 0).</summary>
internal readonly record struct Origin(string Source, int Line = 0)
{
    public override string ToString() => Line > 0 ? $"{Source}:{Line}" : Source;
}

/// <summary>One value and where it was set. <see cref="Path"/> is dotted; a member of a list has an index: <c>camera[0].uri</c>.</summary>
internal readonly record struct Entry(string Path, Value Value, Origin Origin);

/// <summary>
/// All errors of one configuration: up to <see cref="ConfigurationLimits.MaxConfigurationFaults"/> in words, further ones counted.
/// </summary>
internal sealed class Faults
{
    private readonly List<(Origin Origin, string Text)> list = [];
    private readonly HashSet<string> paths = [];

    public int Count { get; private set; }

    /// <summary>True when a further error would only be counted.</summary>
    public bool IsFull => list.Count >= ConfigurationLimits.MaxConfigurationFaults;

    public void Add(Origin origin, string text)
    {
        Count++;
        if (!IsFull)
            list.Add((origin, text));
    }

    /// <summary>Adds an error of one key; rules that read this key are not checked.</summary>
    public void Add(Origin origin, string path, string text)
    {
        paths.Add(path);
        Add(origin, text);
    }

    public bool Concerns(string path) => paths.Contains(path);

    /// <summary>
    /// Throws all errors as one <see cref="OperatingException"/> (exit code 2), a line each: those of the file by line, then those of the
    /// environment.
    /// </summary>
    public void ThrowIfAny()
    {
        if (Count == 0)
            return;
        var lines = list.OrderBy(f => f.Origin.Line > 0 ? f.Origin.Line : int.MaxValue).Select(f => $"{f.Origin}: {f.Text}").ToList();
        if (Count > list.Count)
            lines.Add($"and {Count - list.Count} more");
        throw new OperatingException(string.Join('\n', lines), 2);
    }
}
