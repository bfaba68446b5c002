using System.Text.Json.Serialization;

namespace EdgeSeg.Messages;

/// <summary>The discovery message of a whole device.</summary>
internal sealed record HomeAssistantDiscovery(
    HomeAssistantDevice Device,
    HomeAssistantOrigin Origin,
    IReadOnlyList<HomeAssistantAvailability> Availability,
    Dictionary<string, HomeAssistantComponent> Components
);

internal sealed record HomeAssistantDevice(IReadOnlyList<string> Identifiers, string Name, string Manufacturer, string SwVersion);

internal sealed record HomeAssistantOrigin(string Name, string SwVersion);

internal sealed record HomeAssistantAvailability(string Topic, string ValueTemplate);

/// <summary>One entity. Null: the field does not belong to its platform.</summary>
internal sealed record HomeAssistantComponent
{
    public required string Platform { get; init; }

    public required string UniqueId { get; init; }

    public required string Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StateTopic { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ValueTemplate { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? UnitOfMeasurement { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StateClass { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DeviceClass { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EntityCategory { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ImageTopic { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ContentType { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CommandTopic { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PayloadPress { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LatestVersionTopic { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LatestVersionTemplate { get; init; }
}

/// <summary>
/// Home Assistant's MQTT discovery, one message for a whole device:
/// https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. The entities read the messages that the device sends anyway;
/// images show previews, snapshots and
/// the last mask on its frame.
/// </summary>
internal static class HomeAssistantMessage
{
    private const string IsOnline = "{{ 'online' if value_json.state in ['online', 'degraded'] else 'offline' }}";
    private const string Hottest = "{{ (value_json.board.temperature_c | default({})).values() | list | max | default(none) }}";
    private const string AreaPercent = "{{ (100 * value_json.area / (value_json.image[0] * value_json.image[1])) | round(2) }}";

    // the version of a manifest that is on its way or refused; else the active one is the latest
    private const string LatestVersion = "{{ value_json.version if value_json.version is not none else value_json.active.version }}";

    /// <summary>The retained topic, below Home Assistant's discovery prefix.</summary>
    public static string Topic(string prefix, string device) => $"{prefix}/device/edgeseg-{device}/config";

    /// <summary>Where Home Assistant publishes "online" after its start; devices then publish their discovery message again.</summary>
    public static string BirthTopic(string prefix) => prefix + "/status";

    /// <param name="to">Receives the message.</param>
    /// <param name="topics">Of the device.</param>
    /// <param name="version">Of the service.</param>
    /// <param name="hasTemperature">Whether this board has a temperature sensor; without one the entity would stay unknown.</param>
    /// <param name="hasObjectImages">Whether pictures with masks are published.</param>
    public static ReadOnlySpan<byte> Write(JsonBuffer to, Topics topics, string version, bool hasTemperature, bool hasObjectImages)
    {
        var components = new Dictionary<string, HomeAssistantComponent>(StringComparer.Ordinal);
        Add("status", Sensor("Status", topics.Status, "{{ value_json.state }}") with { EntityCategory = "diagnostic" });
        if (hasTemperature)
            Add(
                "temperature",
                Measurement("Temperature", topics.Telemetry, Hottest, "°C", "temperature") with
                {
                    EntityCategory = "diagnostic",
                }
            );
        Add(
            "model",
            new()
            {
                Platform = "update",
                UniqueId = "",
                Name = "Model",
                StateTopic = topics.ModelState,
                ValueTemplate = "{{ value_json.active.version }}",
                EntityCategory = "diagnostic",
                LatestVersionTopic = topics.ModelState,
                LatestVersionTemplate = LatestVersion,
            }
        );
        foreach (var camera in topics.Cameras)
            AddCamera(camera);
        return to.Write(
            new HomeAssistantDiscovery(
                new HomeAssistantDevice(["edgeseg-" + topics.Device], "EdgeSeg " + topics.Device, "EdgeSeg", version),
                new HomeAssistantOrigin("edgeseg", version),
                [new HomeAssistantAvailability(topics.Status, IsOnline)],
                components
            ),
            MessageJson.Default.HomeAssistantDiscovery
        );

        void Add(string id, HomeAssistantComponent component) =>
            components.Add(id, component with { UniqueId = $"edgeseg-{topics.Device}-{id}" });

        void AddCamera(CameraTopics camera)
        {
            var (id, stats) = (camera.Id, $"value_json.cameras['{camera.Id}']");
            Add($"{id}-state", Sensor($"{id} state", camera.State, "{{ value_json.state }}") with { EntityCategory = "diagnostic" });
            Add($"{id}-fps", Measurement($"{id} masks per second", topics.Telemetry, $"{{{{ {stats}.fps_out }}}}", "1/s"));
            // an interval without a mask has no latency
            var latency = $"{{{{ ({stats}.stages.end_to_end | default({{}})).p95 | default(none) }}}}";
            Add($"{id}-p95", Measurement($"{id} latency p95", topics.Telemetry, latency, "ms", "duration"));
            Add($"{id}-found", Entity("binary_sensor", $"{id} object found", camera.Mask, "{{ 'ON' if value_json.found else 'OFF' }}"));
            Add($"{id}-area", Measurement($"{id} object area", camera.Mask, AreaPercent, "%"));
            Add($"{id}-score", Sensor($"{id} object score", camera.Mask, "{{ value_json.score }}") with { StateClass = "measurement" });
            Add($"{id}-auto", Button($"{id} segment now", camera.Command(CommandKind.Auto)));
            Add($"{id}-snapshot", Button($"{id} take snapshot", camera.Command(CommandKind.Snapshot)));
            Add($"{id}-preview", Image($"{id} preview", camera.Preview));
            if (hasObjectImages)
                Add($"{id}-object", Image($"{id} object", camera.Overlay));
        }
    }

    private static HomeAssistantComponent Entity(string platform, string name, string topic, string template) =>
        new()
        {
            Platform = platform,
            UniqueId = "",
            Name = name,
            StateTopic = topic,
            ValueTemplate = template,
        };

    private static HomeAssistantComponent Sensor(string name, string topic, string template) => Entity("sensor", name, topic, template);

    private static HomeAssistantComponent Measurement(
        string name,
        string topic,
        string template,
        string unit,
        string? deviceClass = null
    ) => Sensor(name, topic, template) with { UnitOfMeasurement = unit, StateClass = "measurement", DeviceClass = deviceClass };

    private static HomeAssistantComponent Image(string name, string topic) =>
        new()
        {
            Platform = "image",
            UniqueId = "",
            Name = name,
            ImageTopic = topic,
            ContentType = PreviewMessage.ContentType,
        };

    private static HomeAssistantComponent Button(string name, string topic) =>
        new()
        {
            Platform = "button",
            UniqueId = "",
            Name = name,
            CommandTopic = topic,
            PayloadPress = "{}",
        };
}
