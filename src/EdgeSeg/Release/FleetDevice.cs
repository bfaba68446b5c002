using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Release;

/// <summary>
/// A device as its retained <c>info</c> and <c>status</c> describe it. Any field may be missing: the devices of a fleet run several
/// versions.
/// </summary>
/// <param name="Device">Its id.</param>
internal sealed record FleetDevice(string Device)
{
    public string? Fleet { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Name and version of the model in use; null: unknown.</summary>
    public string? Model { get; init; }

    /// <summary>The state in its status: online, degraded, offline and so on; null: unknown.</summary>
    public string? Status { get; init; }

    /// <summary>Its last status, or its will, is that it is not connected.</summary>
    public bool IsOffline => Status == ServiceState.Offline.ToWire();

    /// <summary>The same device with the content of a message. A message that is not a JSON object changes nothing.</summary>
    public FleetDevice With(FleetTopic topic, ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = 8 });
            var json = document.RootElement;
            if (json.ValueKind != JsonValueKind.Object)
                return this;
            return topic switch
            {
                FleetTopic.Info => this with { Fleet = Id(json, "fleet"), Tags = TagsOf(json), Model = ModelOf(json) },
                FleetTopic.Status => this with { Status = DeviceModelState.Word(json, "state") },
                _ => this,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is not UTF-8
            return this;
        }
    }

    private static string? Id(JsonElement json, string name) =>
        DeviceModelState.Word(json, name) is { } word && Identifier.IsValid(word) ? word : null;

    private static string[] TagsOf(JsonElement json) =>
        json.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Array
            ?
            [
                .. tags.EnumerateArray()
                    .Where(t => t.ValueKind == JsonValueKind.String)
                    .Select(t => t.GetString()!)
                    .Where(t => Identifier.IsValid(t))
                    .Take(ReleaseLimits.MaxTagsShown),
            ]
            : [];

    private static string? ModelOf(JsonElement json)
    {
        if (!json.TryGetProperty("models", out var models) || models.ValueKind != JsonValueKind.Array)
            return null;
        foreach (var model in models.EnumerateArray())
        {
            if (model.ValueKind == JsonValueKind.Object && DeviceModelState.Word(model, "role") == "segmenter")
                return $"{DeviceModelState.Word(model, "name")} {DeviceModelState.Word(model, "version")}".Trim();
        }

        return null;
    }
}
