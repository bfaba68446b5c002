namespace EdgeSeg.Configuration;

/// <summary>
/// Everything that an operator may set, with defaults in place. Made by <see cref="SettingsFile"/>, which has checked every value; the rules that
/// span several keys are in <see cref="SettingsRules"/>.
/// </summary>
internal sealed class Settings
{
    /// <summary>Where the settings come from, for people: the file's path or "defaults", and how many environment variables changed something.</summary>
    public string Source { get; set; } = "defaults";

    /// <summary>An id as in topics, or "auto".</summary>
    public string Device { get; set; } = "auto";

    /// <summary>An id as in topics, or empty.</summary>
    public string Fleet { get; set; } = "";

    public string StateDir { get; set; } = "/var/lib/edgeseg";

    public MqttSettings Mqtt { get; } = new();

    public ConsoleSettings Console { get; } = new();

    public List<CameraSettings> Cameras { get; } = [];

    public ModelSettings Model { get; } = new();

    public UpdateSettings Update { get; } = new();

    public RuntimeSettings Runtime { get; } = new();

    public AutoSettings Auto { get; } = new();

    public PublishSettings Publish { get; } = new();

    public TelemetrySettings Telemetry { get; } = new();

    public HomeAssistantSettings HomeAssistant { get; } = new();

    public GpioTriggerSettings Trigger { get; } = new();

    public OutputSettings Busy { get; } = new();

    public OutputSettings Result { get; } = new();

    public OutputSettings Fault { get; } = new();

    public LogSettings Log { get; } = new();

    private static readonly Section root = new Section<Settings>("", "The device itself.", (s, _) => s)
        .Text(
            "device",
            TextForms.Id,
            "Name of this device in topics; \"auto\" derives it from the board's serial or the machine-id.",
            s => s.Device,
            (s, v) => s.Device = v
        )
        .Text(
            "fleet",
            TextForms.IdOrNone,
            "Fleet whose messages this device also listens to; empty for none.",
            s => s.Fleet,
            (s, v) => s.Fleet = v
        )
        .Text("state_dir", TextForms.AbsolutePath, "Folder for what must survive a restart.", s => s.StateDir, (s, v) => s.StateDir = v);

    /// <summary>The table of keys, by section, in the order of the example file.</summary>
    public static IReadOnlyList<Section> Sections { get; } =
    [
        root,
        MqttSettings.Section,
        ConsoleSettings.Section,
        CameraSettings.Section,
        ModelSettings.Section,
        UpdateSettings.Section,
        RuntimeSettings.Section,
        AutoSettings.Section,
        PublishSettings.Section,
        TelemetrySettings.Section,
        HomeAssistantSettings.Section,
        GpioTriggerSettings.Section,
        OutputSettings.Section("busy", "Output that is on while a picture is being segmented.", s => s.Busy),
        OutputSettings.Section("result", "Output that tells found (on) from nothing found (off).", s => s.Result),
        OutputSettings.Section("fault", "Output that is on while the service is degraded.", s => s.Fault),
        LogSettings.Section,
    ];

    /// <summary>All keys of all sections.</summary>
    public static IReadOnlyList<SettingKey> Keys { get; } = Sections.SelectMany(s => s.Keys).ToArray();

    /// <summary>Every key with the value in force, in TOML's notation; holds no secret, since none can stand in a setting.</summary>
    public IEnumerable<(string Path, string Value)> Effective()
    {
        foreach (var section in Sections)
        {
            for (var i = 0; i < (section.IsList ? Cameras.Count : 1); i++)
            {
                foreach (var key in section.Keys)
                    yield return (section.IsList ? $"{section.Path}[{i}].{key.Name}" : key.Path, key.Show(this, i));
            }
        }
    }
}

/// <summary>A rectangle in pixels, top-left origin.</summary>
internal readonly record struct Area(int X, int Y, int Width, int Height);
