using System.Text.Json;

namespace EdgeSeg.Release;

/// <summary>
/// A device's <c>model/state</c> as an operator reads it: schema ModelState, but fields may be missing or unknown, since the devices of a
/// fleet run several versions. Texts come from the device and may hold anything: control characters are replaced.
/// </summary>
internal sealed record DeviceModelState
{
    public required string Device { get; init; }

    public string? Fleet { get; init; }

    public string State { get; init; } = "?";

    public string? Name { get; init; }

    public long? Version { get; init; }

    public long? Serial { get; init; }

    public long? Bytes { get; init; }

    public long? BytesTotal { get; init; }

    public string? Reason { get; init; }

    public string? Text { get; init; }

    public string? Active { get; init; }

    public string? At { get; init; }

    /// <param name="device">From the topic, which the broker's access rules protect.</param>
    /// <param name="payload">The message.</param>
    /// <returns>Null: it is not a JSON object.</returns>
    public static DeviceModelState? TryRead(string device, ReadOnlyMemory<byte> payload)
    {
        if (payload.Length > ReleaseLimits.MaxDeviceMessageBytes)
            return null;
        try
        {
            using var document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = 8 });
            var json = document.RootElement;
            if (json.ValueKind != JsonValueKind.Object)
                return null;
            return new DeviceModelState
            {
                Device = device,
                Fleet = Word(json, "fleet"),
                State = Word(json, "state") ?? "?",
                Name = Word(json, "name"),
                Version = Number(json, "version"),
                Serial = Number(json, "serial"),
                Bytes = Number(json, "bytes"),
                BytesTotal = Number(json, "bytes_total"),
                Reason = Word(json, "reason"),
                Text = Word(json, "text"),
                Active =
                    json.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.Object ? ActiveOf(active) : null,
                At = Word(json, "at"),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is not UTF-8
            return null;
        }
    }

    private static string? ActiveOf(JsonElement active)
    {
        var version = Word(active, "version") ?? Number(active, "version")?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Word(active, "name") is { } name ? $"{name} {version}".TrimEnd() : null;
    }

    /// <summary>A text without control characters; null: there is none.</summary>
    internal static string? Word(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        var text = value.GetString()!;
        return string.Concat(text.Take(ReleaseLimits.MaxFleetText).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    private static long? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : null;
}
