namespace EdgeSeg.Configuration;

/// <summary>Applies entries to settings by the table of keys; records every entry that is unknown, set twice or not allowed.</summary>
internal sealed class Binder(Settings settings, Faults faults)
{
    private static readonly Dictionary<string, SettingKey> keys = Settings.Keys.ToDictionary(k => k.Path);
    private static readonly Dictionary<string, bool> tables = TablePaths();

    private readonly Dictionary<string, Origin> origins = [];
    private readonly HashSet<string> refused = [];

    /// <summary>Where a key was set; null: it has its default.</summary>
    public Origin? OriginOf(string path) => origins.TryGetValue(path, out var origin) ? origin : null;

    public void Bind(IEnumerable<Entry> entries)
    {
        foreach (var written in entries)
        {
            if (Canonical(written) is not { } entry)
                continue;
            // an error of a table is reported once, not again for each of its keys
            if (Paths.IsBelow(entry.Path, refused))
                continue;
            var error = Put(entry);
            if (error is null)
                continue;
            refused.Add(entry.Path);
            faults.Add(entry.Origin, entry.Path, error);
        }
    }

    /// <summary>The table [device] with id and tags is another form of the keys device and tags. Null: the head of that table.</summary>
    private static Entry? Canonical(Entry entry) =>
        entry.Path switch
        {
            "device" when entry.Value.Kind == ValueKind.Table => null,
            "device.id" => entry with { Path = "device" },
            "device.tags" => entry with { Path = "tags" },
            _ => entry,
        };

    /// <returns>The error, or null.</returns>
    private string? Put(Entry entry)
    {
        var (path, value, origin) = entry;
        // the environment comes after the file and may override a key of it
        if (!origins.TryAdd(path, origin))
        {
            if (origin.Line > 0)
                return $"{path} is set twice; first in line {origins[path].Line}";
            origins[path] = origin;
        }

        if (!Paths.TrySplit(path, out var plain, out var index))
            return Unknown(path, plain);
        var known = keys.TryGetValue(plain, out var key);
        if (!known && Settings.RemovedKeys.TryGetValue(plain, out var why))
        {
            settings.Notices.Add($"{origin}: {path} was removed and has no effect ({why}): delete it");
            return null;
        }

        if (!known && !tables.ContainsKey(plain))
            return Unknown(path, plain);

        var table = known ? plain[..Math.Max(plain.LastIndexOf('.'), 0)] : plain;
        var isList = tables.GetValueOrDefault(table);
        if (isList && index < 0)
            return value is { Kind: ValueKind.List, Items.Count: 0 } ? null : $"{table} is a list of tables: write [[{table}]]";
        if (!isList && index >= 0)
            return $"{table} is a single table: write [{table}]";
        if (isList && CameraError(index) is { } error)
            return error;
        if (known)
            return key!.Set(settings, index, value) ? null : $"{path} = {value.Shown}: must be {key.Allowed}";
        if (value.Kind == ValueKind.Table)
            return null;
        return $"{path} = {value.Shown}: is a table: write {(isList ? $"[[{table}]]" : $"[{table}]")} and its keys below";
    }

    /// <summary>Adds the camera if it is the next one.</summary>
    private string? CameraError(int index)
    {
        var count = settings.Cameras.Count;
        if (index < count)
            return null;
        if (index >= ConfigurationLimits.MaxCameras)
            return $"at most {ConfigurationLimits.MaxCameras} cameras are supported";
        if (index > count)
            return $"camera {count} is missing before this one: cameras are numbered from 0 without a gap";
        settings.Cameras.Add(new CameraSettings(index));
        return null;
    }

    private string Unknown(string path, string plain)
    {
        if (faults.IsFull)
            return "";
        var nearest = Paths.Nearest(plain, keys.Keys.Concat(tables.Keys));
        return nearest is null ? $"{path}: unknown key" : $"{path}: unknown key; did you mean {nearest}?";
    }

    /// <summary>The path of every table and of its parents; true for a list.</summary>
    private static Dictionary<string, bool> TablePaths()
    {
        Dictionary<string, bool> paths = [];
        foreach (var section in Settings.Sections)
        {
            for (var dot = section.Path.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = section.Path.IndexOf('.', dot + 1))
                paths.TryAdd(section.Path[..dot], false);
            if (section.Path.Length > 0)
                paths[section.Path] = section.IsList;
        }

        return paths;
    }
}
