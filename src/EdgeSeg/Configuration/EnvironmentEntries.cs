using System.Globalization;

namespace EdgeSeg.Configuration;

/// <summary>
/// Overrides from the environment: <c>EDGESEG_MQTT__HOST</c> is <c>mqtt.host</c>, <c>EDGESEG_CAMERA__0__URI</c> is <c>uri</c> of the first
/// camera. The
/// number after that of the last camera adds a camera.
/// </summary>
internal static class EnvironmentEntries
{
    private const string CameraPrefix = SettingsFile.VariablePrefix + "CAMERA__";

    private static readonly Dictionary<string, string> paths = Settings
        .Keys.Where(k => !IsCamera(k))
        .Select(k => k.Path)
        .Concat(Settings.RemovedKeys.Keys)
        .ToDictionary(path => SettingKey.Variable(path, -1));

    private static readonly Dictionary<string, SettingKey> cameraKeys = Settings
        .Keys.Where(IsCamera)
        .ToDictionary(k => k.Name.ToUpperInvariant());

    /// <summary>
    /// Appends an entry for every variable, cameras in the order of their numbers; an unknown name is an error in
    /// <paramref name="faults"/>.
    /// </summary>
    /// <returns>The number of variables.</returns>
    public static int Read(IReadOnlyDictionary<string, string> environment, List<Entry> entries, Faults faults)
    {
        List<(int Camera, Entry Entry)> found = [];
        foreach (var (name, text) in environment.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(SettingsFile.VariablePrefix, StringComparison.Ordinal))
                continue;
            if (SettingsFile.ReservedVariables.Contains(name))
                continue;
            var origin = new Origin(name);
            var value = new Value(ValueKind.Raw, text);
            if (paths.TryGetValue(name, out var path))
                found.Add((-1, new Entry(path, value, origin)));
            else if (TryCamera(name, out var camera, out var key))
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
        if (end < 1 || (end > 1 && rest[0] == '0'))
            return false;
        if (!int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out camera))
            return false;
        return cameraKeys.TryGetValue(rest[(end + 2)..].ToString(), out key!);
    }

    private static string Unknown(string name)
    {
        var candidates = paths.Keys.Concat(cameraKeys.Keys.Select(k => $"{CameraPrefix}0__{k}")).Concat(SettingsFile.ReservedVariables);
        var nearest = Paths.Nearest(name, candidates);
        return nearest is null ? "unknown variable" : $"unknown variable; did you mean {nearest}?";
    }
}
