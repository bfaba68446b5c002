using System.Text.Json;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using Xunit;

namespace EdgeSeg.Messages;

public class HomeAssistantMessageTests
{
    private static JsonElement Message(Topics topics, bool hasTemperature = true, bool hasObjectImages = true)
    {
        using var buffer = new JsonBuffer();
        return JsonDocument
            .Parse(HomeAssistantMessage.Write(buffer, topics, "1.2.3", hasTemperature, hasObjectImages).ToArray())
            .RootElement;
    }

    [Fact]
    public void One_message_describes_the_device_and_all_its_parts()
    {
        var topics = new Topics("robot-7", ["front", "rear"]);
        var message = Message(topics);
        Assert.Equal("edgeseg-robot-7", message.GetProperty("device").GetProperty("identifiers")[0].GetString());
        Assert.Equal("edgeseg", message.GetProperty("origin").GetProperty("name").GetString());
        Assert.Equal(topics.Status, message.GetProperty("availability")[0].GetProperty("topic").GetString());
        var parts = message.GetProperty("components").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        Assert.Equal(
            [
                "front-area",
                "front-auto",
                "front-found",
                "front-fps",
                "front-object",
                "front-p95",
                "front-preview",
                "front-score",
                "front-snapshot",
                "front-state",
                "model",
                "rear-area",
                "rear-auto",
                "rear-found",
                "rear-fps",
                "rear-object",
                "rear-p95",
                "rear-preview",
                "rear-score",
                "rear-snapshot",
                "rear-state",
                "status",
                "temperature",
            ],
            parts.Keys.Order()
        );
        Assert.Equal(parts.Count, parts.Values.Select(p => p.GetProperty("unique_id").GetString()).Distinct().Count());
        Assert.Equal(
            ("image", topics.Camera("front").Preview),
            (parts["front-preview"].GetProperty("platform").GetString(), parts["front-preview"].GetProperty("image_topic").GetString())
        );
        Assert.Equal(topics.Camera("rear").Overlay, parts["rear-object"].GetProperty("image_topic").GetString());
        Assert.Equal(topics.Camera("rear").State, parts["rear-state"].GetProperty("state_topic").GetString());
        Assert.Equal("{{ value_json.cameras['front'].fps_out }}", parts["front-fps"].GetProperty("value_template").GetString());
        foreach (var sensor in parts.Values.Where(p => p.GetProperty("platform").GetString() == "sensor"))
            Assert.Matches(@"^\{\{ .* \}\}$", sensor.GetProperty("value_template").GetString());
    }

    [Fact]
    public void Without_pictures_of_masks_there_is_no_entity_for_them() =>
        Assert.False(
            Message(new Topics("robot-7", ["front"]), hasObjectImages: false)
                .GetProperty("components")
                .TryGetProperty("front-object", out _)
        );

    [Fact]
    public void Each_entity_reads_the_topic_that_fills_it()
    {
        var topics = new Topics("robot-7", ["front"]);
        var parts = Message(topics).GetProperty("components").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        Assert.Equal("edgeseg/v1/robot-7/cam/front/cmd/auto", parts["front-auto"].GetProperty("command_topic").GetString());
        Assert.Equal(topics.Camera("front").Mask, parts["front-found"].GetProperty("state_topic").GetString());
        Assert.Equal(topics.ModelState, parts["model"].GetProperty("latest_version_topic").GetString());
    }

    [Fact]
    public void Templates_read_fields_that_telemetry_has()
    {
        using var buffer = new JsonBuffer();
        var telemetry = JsonDocument.Parse(TelemetryMessage.Write(buffer, Samples.Telemetry()).ToArray()).RootElement;
        var camera = telemetry.GetProperty("cameras").GetProperty("front");
        Assert.True(camera.GetProperty("fps_out").GetDouble() > 0);
        Assert.True(camera.GetProperty("stages").GetProperty("end_to_end").GetProperty("p95").GetDouble() > 0);
        Assert.Equal(2, telemetry.GetProperty("board").GetProperty("temperature_c").EnumerateObject().Count());
    }

    [Fact]
    public void A_board_without_a_sensor_shows_no_temperature() =>
        Assert.False(
            Message(new Topics("robot-7", []), hasTemperature: false).GetProperty("components").TryGetProperty("temperature", out _)
        );

    [Fact]
    public void The_most_cameras_with_the_longest_names_fit_in_a_message()
    {
        var cameras = Enumerable.Range(0, ConfigurationLimits.MaxCameras).Select(i => i + new string('x', Identifier.MaxLength - 1));
        using var buffer = new JsonBuffer();
        Assert.True(
            HomeAssistantMessage.Write(buffer, new Topics(new string('d', Identifier.MaxLength), cameras), "1", true, true).Length
                < MessageLimits.MaxMessageBytes
        );
    }
}
