namespace EdgeSeg.Configuration;

/// <summary>
/// All settings of an operator, with their defaults. Made by <see cref="SettingsFile"/>, which has checked every value; rules that span
/// several
/// keys are in <see cref="SettingsRules"/>. Not changed after it was read.
/// </summary>
internal sealed class Settings
{
    /// <summary>
    /// Where the settings come from, for people: the path of the file or "defaults", and the number of environment variables that override
    /// keys.
    /// </summary>
    public string Source { get; set; } = "defaults";

    /// <summary>Removed keys that the source still sets: a sentence each. They have no effect.</summary>
    public List<string> Notices { get; } = [];

    /// <summary>An id as in topics, or "auto".</summary>
    public string Device { get; set; } = "auto";

    /// <summary>An id as in topics, or empty.</summary>
    public string Fleet { get; set; } = "";

    /// <summary>Tags by which a roll-out may choose this device.</summary>
    public IReadOnlyList<string> Tags { get; set; } = [];

    public const string DefaultStateDir = "/var/lib/edgeseg";

    public string StateDir { get; set; } = DefaultStateDir;

    public MqttSettings Mqtt { get; } = new();

    public ConsoleSettings Console { get; } = new();

    public List<CameraSettings> Cameras { get; } = [];

    public ModelSettings Model { get; } = new();

    public UpdateSettings Update { get; } = new();

    public RuntimeSettings Runtime { get; } = new();

    public AutoSettings Auto { get; } = new();

    public FramesSettings Frames { get; } = new();

    public PublishSettings Publish { get; } = new();

    public SampleSettings Samples { get; } = new();

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
            "Id of this device in topics; \"auto\" derives it from the board's serial number or the machine-id.",
            s => s.Device,
            (s, v) => s.Device = v
        )
        .Text(
            "fleet",
            TextForms.IdOrNone,
            "Fleet whose model/desired this device also follows; empty: none.",
            s => s.Fleet,
            (s, v) => s.Fleet = v
        )
        .Ids(
            "tags",
            ConfigurationLimits.MaxTags,
            "Tags by which a roll-out may choose this device, for example [\"dock\", \"outdoor\"]. Also written as "
                + "device.tags, with the name as device.id.",
            s => s.Tags,
            (s, v) => s.Tags = v
        )
        .Text(
            "state_dir",
            TextForms.AbsolutePath,
            "Folder for the state that survives a restart.",
            s => s.StateDir,
            (s, v) => s.StateDir = v
        );

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
        FramesSettings.Section,
        PublishSettings.Section,
        SampleSettings.Section,
        TelemetrySettings.Section,
        HomeAssistantSettings.Section,
        GpioTriggerSettings.Section,
        OutputSettings.Section("busy", "Output that is on while a picture is being segmented.", s => s.Busy),
        OutputSettings.Section("result", "Output that is on when something was found, else off.", s => s.Result),
        OutputSettings.Section("fault", "Output that is on while the service is degraded.", s => s.Fault),
        LogSettings.Section,
    ];

    /// <summary>All keys of all sections.</summary>
    public static IReadOnlyList<SettingKey> Keys { get; } = Sections.SelectMany(s => s.Keys).ToArray();

    /// <summary>Keys of former versions with the reason of their removal. A file that sets one is still accepted, with a notice.</summary>
    public static IReadOnlyDictionary<string, string> RemovedKeys { get; } =
        new Dictionary<string, string> { ["publish.mask_format"] = "masks are always COCO run lengths" };
}

/// <summary>A rectangle in pixels, top-left origin.</summary>
internal readonly record struct Area(int X, int Y, int Width, int Height);
