namespace EdgeSeg.Configuration;

/// <summary>
/// One row of the table of keys. <see cref="Path"/> is dotted (<c>mqtt.port</c>, <c>camera.uri</c>); <see cref="Allowed"/> completes the
/// sentence
/// "must be ...".
/// </summary>
internal sealed class SettingKey(
    string path,
    string allowed,
    string doc,
    Func<Settings, int, Value, bool> set,
    Func<Settings, int, string> show
)
{
    public string Path { get; } = path;

    public string Allowed { get; } = allowed;

    public string Doc { get; } = doc;

    /// <summary>The name after the last dot.</summary>
    public string Name => Path[(Path.LastIndexOf('.') + 1)..];

    /// <summary>
    /// Sets a value; false, and nothing is changed, when it is not <see cref="Allowed"/>. <paramref name="index"/> is the number of the
    /// camera.
    /// </summary>
    public bool Set(Settings settings, int index, Value value) => set(settings, index, value);

    /// <summary>The current value, in TOML's notation.</summary>
    public string Show(Settings settings, int index) => show(settings, index);

    /// <summary>The environment variable that overrides it.</summary>
    public string Variable(int index) => SettingKey.Variable(Path, index);

    public static string Variable(string path, int index)
    {
        var name = path.Replace(".", "__", StringComparison.Ordinal).ToUpperInvariant();
        if (index >= 0 && name.StartsWith("CAMERA__", StringComparison.Ordinal))
            name = $"CAMERA__{index}__{name[8..]}";
        return SettingsFile.VariablePrefix + name;
    }
}

/// <summary>A rule for a text. <see cref="Allowed"/> completes the sentence "must be ...".</summary>
internal sealed record TextForm(string Allowed, Func<string, bool> Fits);
