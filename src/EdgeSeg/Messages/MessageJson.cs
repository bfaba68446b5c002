using System.Text.Json.Serialization;

namespace EdgeSeg.Messages;

/// <summary>
/// Source-generated serialization of the messages that are not on the frame path. Fields are written in the order of the properties.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    GenerationMode = JsonSourceGenerationMode.Serialization
)]
[JsonSerializable(typeof(AlertBody))]
[JsonSerializable(typeof(CameraStateBody))]
[JsonSerializable(typeof(HomeAssistantDiscovery))]
[JsonSerializable(typeof(InfoBody))]
[JsonSerializable(typeof(ModelStateBody))]
[JsonSerializable(typeof(StatusBody))]
[JsonSerializable(typeof(TelemetryBody))]
internal sealed partial class MessageJson : JsonSerializerContext;
