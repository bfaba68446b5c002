using System.Globalization;

namespace EdgeSeg.Configuration;

/// <summary>
/// Overrides from the environment: <c>EDGESEG_MQTT__HOST</c> is <c>mqtt.host</c>, <c>EDGESEG_CAMERA__0__URI</c> the first camera's <c>uri</c>. The number
/// after the last camera adds one.
/// </summary>
internal static class EnvironmentEntries
{
    private const string CameraPrefix = SettingsFile.VariablePrefix + "CAMERA__";

    private static readonly Dictionary<string, SettingKey> keys = Settings.Keys.Where(k => !IsCamera(k)).ToDictionary(k => k.Variable(-1));

    private static readonly Dictionary<string, SettingKey> cameraKeys = Settings
        .Keys.Where(IsCamera)
        .ToDictionary(k => k.Name.ToUpperInvariant());

    /// <summary>Appends an entry for every variable, cameras in the order of their numbers; a name that means nothing goes to <paramref name="faults"/>.</summary>
    /// <returns>How many variables there were.</returns>
    public static int Read(IReadOnlyDictionary<string, string> environment, List<Entry> entries, Faults faults)
    {
        List<(int Camera, Entry Entry)> found = [];
        foreach (var (name, text) in environment.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(SettingsFile.VariablePrefix, StringComparison.Ordinal) || SettingsFile.ReservedVariables.Contains(name))
                continue;
            var origin = new Origin(name);
            var value = new Value(ValueKind.Raw, text);
            if (keys.TryGetValue(name, out var key))
                found.Add((-1, new Entry(key.Path, value, origin)));
            else if (TryCamera(name, out var camera, out key))
                found.Add((camera, new Entry($"camera[{camera}].{key.Name}", value, origin)));
            else
                faults.Add(origin, Unknown(name));
        }

        entries.AddRange(found.OrderBy(f => f.Camera).Select(f => f.Entry));
        return found.Count;
    }

    private static bool IsCamera(SettingKey key) => key.Path.StartsWith("camera.", StringComparison.Ordinal);

    private static bool TryCamera(string name, out int camera, out SettingKey key)
    {
        (camera, key) = (-1, null!);
        if (!name.StartsWith(CameraPrefix, StringComparison.Ordinal))
            return false;
        var rest = name.AsSpan(CameraPrefix.Length);
        var end = rest.IndexOf("__");
        if (
            end < 1
            || (end > 1 && rest[0] == '0')
            || !int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out camera)
        )
            return false;
        return cameraKeys.TryGetValue(rest[(end + 2)..].ToString(), out key!);
    }

    private static string Unknown(string name)
    {
        var candidates = keys.Keys.Concat(cameraKeys.Keys.Select(k => $"{CameraPrefix}0__{k}")).Concat(SettingsFile.ReservedVariables);
        var nearest = Paths.Nearest(name, candidates);
        return nearest is null ? "no key has this name" : $"no key has this name; did you mean {nearest}?";
    }
}
