using System.Text.Json;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Messages;

/// <summary>
/// The discovery message against the keys that Home Assistant documents for device discovery
/// (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload) and for each platform
/// (https://www.home-assistant.io/integrations/sensor.mqtt/ and likewise). Home Assistant ignores unknown keys silently, so that a
/// misspelt one would leave an entity empty. Compared on 2026-11-30 with the schemas in homeassistant/components/mqtt of
/// home-assistant/core: schemas.py at c6ca7f5, button.py at 1ecdb9b, image.py at 7fd7800, update.py at 0092b92.
/// </summary>
public class HomeAssistantSchemaTests
{
    /// <summary>Of every entity, on every platform.</summary>
    private static readonly string[] common =
    [
        "platform",
        "unique_id",
        "name",
        "availability",
        "availability_mode",
        "availability_template",
        "availability_topic",
        "default_entity_id",
        "enabled_by_default",
        "encoding",
        "entity_category",
        "entity_picture",
        "icon",
        "json_attributes_template",
        "json_attributes_topic",
        "payload_available",
        "payload_not_available",
        "qos",
    ];

    private static readonly Dictionary<string, Platform> platforms = new()
    {
        ["sensor"] = new(
            ["state_topic"],
            [
                "device_class",
                "expire_after",
                "force_update",
                "last_reset_value_template",
                "options",
                "state_class",
                "suggested_display_precision",
                "unit_of_measurement",
                "value_template",
            ]
        ),
        ["binary_sensor"] = new(
            ["state_topic"],
            ["device_class", "expire_after", "force_update", "off_delay", "payload_off", "payload_on", "value_template"]
        ),
        ["button"] = new(["command_topic"], ["command_template", "device_class", "payload_press", "retain"]),
        // exactly one of image_topic and url_topic; content_type goes with image_topic
        ["image"] = new(["image_topic"], ["content_type", "image_encoding"]),
        ["update"] = new(
            [],
            [
                "command_topic",
                "device_class",
                "display_precision",
                "latest_version_template",
                "latest_version_topic",
                "payload_install",
                "release_summary",
                "release_url",
                "retain",
                "state_topic",
                "title",
                "value_template",
            ]
        ),
    };

    private sealed record Platform(string[] Required, string[] Allowed);

    private static JsonElement Message()
    {
        using var buffer = new JsonBuffer();
        var topics = new Topics("robot-7", ["front", "rear-2"]);
        return JsonDocument.Parse(HomeAssistantMessage.Write(buffer, topics, "1.2.3", true, true).ToArray()).RootElement;
    }

    public static TheoryData<string> Entities() => [.. Message().GetProperty("components").EnumerateObject().Select(c => c.Name)];

    private static string[] Keys(JsonElement of) => [.. of.EnumerateObject().Select(p => p.Name)];

    [Fact]
    public void The_message_has_the_required_parts_and_no_others()
    {
        var message = Message();
        Assert.Equal(["availability", "components", "device", "origin"], Keys(message).Order());
        Assert.Empty(
            Keys(message.GetProperty("device"))
                .Except([
                    "configuration_url",
                    "connections",
                    "hw_version",
                    "identifiers",
                    "manufacturer",
                    "model",
                    "model_id",
                    "name",
                    "serial_number",
                    "suggested_area",
                    "sw_version",
                    "via_device",
                ])
        );
        Assert.NotEmpty(message.GetProperty("device").GetProperty("identifiers").EnumerateArray());
        Assert.Empty(Keys(message.GetProperty("origin")).Except(["name", "support_url", "sw_version"]));
        Assert.False(string.IsNullOrEmpty(message.GetProperty("origin").GetProperty("name").GetString()));
        foreach (var availability in message.GetProperty("availability").EnumerateArray())
        {
            Assert.Contains("topic", Keys(availability));
            Assert.Empty(Keys(availability).Except(["topic", "payload_available", "payload_not_available", "value_template"]));
        }
    }

    [Theory]
    [MemberData(nameof(Entities))]
    public void Each_entity_has_the_keys_that_its_platform_requires_and_no_unknown_ones(string id)
    {
        var part = Message().GetProperty("components").GetProperty(id);
        var name = part.GetProperty("platform").GetString()!;
        Assert.True(platforms.TryGetValue(name, out var platform), $"{id}: the platform {name} is not one of this test");
        Assert.Empty(platform.Required.Concat(["platform", "unique_id"]).Except(Keys(part)));
        Assert.Empty(Keys(part).Except([.. common, .. platform.Required, .. platform.Allowed]));
        Assert.DoesNotContain(part.EnumerateObject(), p => p.Value.ValueKind == JsonValueKind.Null);
        // a sensor and a button cannot be of category config and diagnostic at will: only sensors of a state are diagnostic here
        if (part.TryGetProperty("entity_category", out var category))
            Assert.Equal("diagnostic", category.GetString());
        if (part.TryGetProperty("state_class", out var state))
            Assert.Contains(state.GetString(), new[] { "measurement", "measurement_angle", "total", "total_increasing" });
        if (part.TryGetProperty("device_class", out var kind))
            Assert.Contains(part.GetProperty("unit_of_measurement").GetString(), UnitsOf(kind.GetString()!));
        foreach (var topic in part.EnumerateObject().Where(p => p.Name.EndsWith("_topic", StringComparison.Ordinal)))
            Assert.DoesNotMatch("[+#]", topic.Value.GetString());
    }

    /// <summary>https://www.home-assistant.io/integrations/sensor/#device-class</summary>
    private static string[] UnitsOf(string deviceClass) =>
        deviceClass switch
        {
            "temperature" => ["°C", "°F", "K"],
            "duration" => ["d", "h", "min", "s", "ms", "μs"],
            _ => [],
        };

    [Fact]
    public void Ids_are_unique_and_every_topic_is_one_of_the_device_and_in_the_interface_description()
    {
        var parts = Message().GetProperty("components").EnumerateObject().Select(p => p.Value).ToArray();
        Assert.Equal(parts.Length, parts.Select(p => p.GetProperty("unique_id").GetString()).Distinct().Count());
        var described = File.ReadAllText(Repository.PathOf("docs/asyncapi.yaml"));
        var topics = parts
            .SelectMany(p => p.EnumerateObject())
            .Where(p => p.Name.EndsWith("_topic", StringComparison.Ordinal))
            .Select(p => p.Value.GetString()!)
            .Distinct()
            .ToArray();
        Assert.All(topics, t => Assert.StartsWith("edgeseg/v1/robot-7/", t, StringComparison.Ordinal));
        foreach (var topic in topics)
        {
            var address = topic
                .Replace("edgeseg/v1/robot-7", "{prefix}/v1/{device}", StringComparison.Ordinal)
                .Replace("cam/front", "cam/{camera}", StringComparison.Ordinal)
                .Replace("cam/rear-2", "cam/{camera}", StringComparison.Ordinal)
                .Replace("cmd/auto", "cmd/{command}", StringComparison.Ordinal)
                .Replace("cmd/snapshot", "cmd/{command}", StringComparison.Ordinal);
            Assert.Contains($"address: '{address}'", described, StringComparison.Ordinal);
        }
    }
}
