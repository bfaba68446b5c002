using System.Text.Json;

namespace EdgeSeg.Messages;

/// <summary>
/// Home Assistant's MQTT discovery, its one message for a whole device: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload.
/// Every sensor reads the messages that the device sends anyway; the previews show while a client asks for them.
/// </summary>
internal static class HomeAssistantMessage
{
    /// <summary>The retained topic, below Home Assistant's discovery prefix.</summary>
    public static string Topic(string prefix, string device) => $"{prefix}/device/edgeseg-{device}/config";

    /// <summary>Where Home Assistant says "online" when it has started, and wants to hear of devices again.</summary>
    public static string BirthTopic(string prefix) => prefix + "/status";

    /// <param name="to">Holds the message afterwards.</param>
    /// <param name="topics">Of the device.</param>
    /// <param name="version">Of the service.</param>
    /// <param name="hasTemperature">Whether this board has a sensor; a reading that never comes would stand there as unknown for ever.</param>
    public static ReadOnlySpan<byte> Write(JsonBuffer to, Topics topics, string version, bool hasTemperature)
    {
        var json = to.Begin();
        json.WriteStartObject("device"u8);
        json.WriteStartArray("identifiers"u8);
        json.WriteStringValue("edgeseg-" + topics.Device);
        json.WriteEndArray();
        json.WriteString("name"u8, "EdgeSeg " + topics.Device);
        json.WriteString("manufacturer"u8, "EdgeSeg"u8);
        json.WriteString("sw_version"u8, version);
        json.WriteEndObject();
        json.WriteStartObject("origin"u8);
        json.WriteString("name"u8, "edgeseg"u8);
        json.WriteString("sw_version"u8, version);
        json.WriteEndObject();
        json.WriteStartArray("availability"u8);
        json.WriteStartObject();
        json.WriteString("topic"u8, topics.Status);
        json.WriteString("value_template"u8, "{{ 'online' if value_json.state in ['online', 'degraded'] else 'offline' }}"u8);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("components"u8);
        Sensor(json, topics, "status", "Status", topics.Status, "{{ value_json.state }}", diagnostic: true);
        if (hasTemperature)
            Sensor(
                json,
                topics,
                "temperature",
                "Temperature",
                topics.Telemetry,
                "{{ (value_json.board.temperature_c | default({})).values() | list | max | default(none) }}",
                "°C",
                "temperature",
                diagnostic: true
            );
        foreach (var camera in topics.Cameras)
            Camera(json, topics, camera);
        json.WriteEndObject();
        return to.End();
    }

    private static void Camera(Utf8JsonWriter json, Topics topics, CameraTopics camera)
    {
        var figures = $"value_json.cameras['{camera.Id}']";
        Sensor(json, topics, camera.Id + "-state", camera.Id + " state", camera.State, "{{ value_json.state }}", diagnostic: true);
        Sensor(json, topics, camera.Id + "-fps", camera.Id + " masks per second", topics.Telemetry, $"{{{{ {figures}.fps_out }}}}", "1/s");
        // an interval without a mask has no latency
        Sensor(
            json,
            topics,
            camera.Id + "-p95",
            camera.Id + " latency p95",
            topics.Telemetry,
            $"{{{{ ({figures}.stages.end_to_end | default({{}})).p95 | default(none) }}}}",
            "ms",
            "duration"
        );
        Begin(json, topics, camera.Id + "-preview", "image", camera.Id + " preview");
        json.WriteString("image_topic"u8, camera.Preview);
        json.WriteString("content_type"u8, "image/jpeg"u8);
        json.WriteEndObject();
    }

    private static void Sensor(
        Utf8JsonWriter json,
        Topics topics,
        string id,
        string name,
        string topic,
        string template,
        string? unit = null,
        string? deviceClass = null,
        bool diagnostic = false
    )
    {
        Begin(json, topics, id, "sensor", name);
        json.WriteString("state_topic"u8, topic);
        json.WriteString("value_template"u8, template);
        if (unit is not null)
        {
            json.WriteString("unit_of_measurement"u8, unit);
            json.WriteString("state_class"u8, "measurement"u8);
        }

        if (deviceClass is not null)
            json.WriteString("device_class"u8, deviceClass);
        if (diagnostic)
            json.WriteString("entity_category"u8, "diagnostic"u8);
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, Topics topics, string id, string platform, string name)
    {
        json.WriteStartObject(id);
        json.WriteString("platform"u8, platform);
        json.WriteString("unique_id"u8, $"edgeseg-{topics.Device}-{id}");
        json.WriteString("name"u8, name);
    }
}
