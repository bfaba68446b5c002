using System.Text.Json.Serialization;

namespace EdgeSeg.Messages;

/// <summary>
/// Source-generated serialization of the messages that are not on the frame path. Fields are written in the order of the properties.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AlertBody))]
[JsonSerializable(typeof(HomeAssistantDiscovery))]
internal sealed partial class MessageJson : JsonSerializerContext;

/// <summary>Body of <c>alert/&lt;id&gt;</c>.</summary>
internal sealed record AlertBody(
    int V,
    string Device,
    string Session,
    string Alert,
    string Code,
    string? Camera,
    bool Degraded,
    DateTime SinceUtc,
    string Text,
    string Remedy
);
