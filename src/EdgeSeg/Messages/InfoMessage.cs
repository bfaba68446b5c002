using System.Text.Json;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>A model as <c>info</c> describes it.</summary>
/// <param name="Role">What it is used for, for example <c>segmenter</c>.</param>
/// <param name="Model">Name, version, hash, precision.</param>
/// <param name="WeightsLicence">What the weights may be used for.</param>
/// <param name="Zoom">Whether a second pass on a crop is made with it.</param>
/// <param name="NegativeClicks">Whether it knows points off the object.</param>
internal sealed record InfoModel(string Role, ModelInfo Model, string WeightsLicence, bool Zoom, bool NegativeClicks);

/// <summary>
/// A camera as <c>info</c> describes it. Never its URI, which may hold a password: <see cref="Kind"/> is the URI's scheme.
/// </summary>
internal sealed record InfoCamera(string Id, string Kind, int Width, int Height, string Mode);

/// <summary>Content of <c>info</c>.</summary>
internal sealed class InfoContent
{
    public required string Device { get; init; }

    public required string Session { get; init; }

    /// <summary>Fleet id; empty: none.</summary>
    public string Fleet { get; init; } = "";

    /// <summary>Tags by which a roll-out may choose the device.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Names and versions: edgeseg itself, the runtime, the native libraries.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Versions { get; init; }

    public required IReadOnlyList<InfoModel> Models { get; init; }

    /// <summary>ONNX Runtime's execution provider in use.</summary>
    public required string Provider { get; init; }

    /// <summary>Providers that were requested or tried and are not used, each with its reason.</summary>
    public IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>Why the models run in the precision they do, in a sentence.</summary>
    public required string PrecisionReason { get; init; }

    public required IReadOnlyList<InfoCamera> Cameras { get; init; }

    /// <summary>Commands understood, as topic names.</summary>
    public required IReadOnlyList<string> Commands { get; init; }
}

/// <summary>The retained <c>info</c>, version 1; schema <c>Info</c> in docs/asyncapi.yaml.</summary>
internal static class InfoMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, InfoContent facts)
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, facts.Device);
        json.WriteString("session"u8, facts.Session);
        json.WriteOptional("fleet"u8, facts.Fleet.Length == 0 ? null : facts.Fleet);
        json.WriteStartArray("tags"u8);
        foreach (var tag in facts.Tags)
            json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteStartObject("versions"u8);
        foreach (var (name, version) in facts.Versions)
            json.WriteString(name, version);
        json.WriteEndObject();
        json.WriteStartArray("models"u8);
        foreach (var model in facts.Models)
            WriteModel(json, model);
        json.WriteEndArray();
        json.WriteString("provider"u8, facts.Provider);
        json.WriteStartArray("providers_passed_over"u8);
        foreach (var reason in facts.PassedOver)
            json.WriteStringValue(reason);
        json.WriteEndArray();
        json.WriteString("precision_reason"u8, facts.PrecisionReason);
        json.WriteStartArray("cameras"u8);
        foreach (var camera in facts.Cameras)
            WriteCamera(json, camera);
        json.WriteEndArray();
        json.WriteStartObject("limits"u8);
        json.WriteNumber("message_bytes"u8, MessageLimits.MaxMessageBytes);
        json.WriteNumber("command_bytes"u8, MessageLimits.MaxCommandBytes);
        json.WriteNumber("points"u8, PromptBuffer.MaxPoints);
        json.WriteEndObject();
        json.WriteStartArray("commands"u8);
        foreach (var command in facts.Commands)
            json.WriteStringValue(command);
        json.WriteEndArray();
        return to.End();
    }

    private static void WriteModel(Utf8JsonWriter json, InfoModel model)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, model.Role);
        json.WriteString("name"u8, model.Model.Name);
        json.WriteString("version"u8, model.Model.Version);
        json.WriteString("sha256"u8, model.Model.Sha256);
        json.WriteString("precision"u8, model.Model.Precision);
        json.WriteString("weights_licence"u8, model.WeightsLicence);
        json.WriteBoolean("zoom"u8, model.Zoom);
        json.WriteBoolean("negative_clicks"u8, model.NegativeClicks);
        json.WriteEndObject();
    }

    private static void WriteCamera(Utf8JsonWriter json, InfoCamera camera)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, camera.Id);
        json.WriteString("kind"u8, camera.Kind);
        json.WriteStartArray("image"u8);
        json.WriteNumberValue(camera.Width);
        json.WriteNumberValue(camera.Height);
        json.WriteEndArray();
        json.WriteString("mode"u8, camera.Mode);
        json.WriteEndObject();
    }
}
