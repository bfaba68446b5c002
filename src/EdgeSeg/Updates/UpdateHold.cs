using System.Text.Json;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Holds and requests of a person on the device, or of an operator over MQTT. They are files in the store's folder, so that they work
/// while the service is down.
/// </summary>
internal sealed class UpdateHold(string root)
{
    public const string HoldName = "hold",
        RequestName = "request",
        RollbackWord = "rollback",
        ShippedWord = "shipped",
        RetryWord = "retry";

    private volatile bool remote;

    /// <summary>Set by the message <c>model/hold</c>.</summary>
    public bool Remote
    {
        get => remote;
        set => remote = value;
    }

    /// <summary>Nothing is fetched or swapped. The model in use goes on.</summary>
    public bool Holding => remote || File.Exists(Path.Combine(root, HoldName));

    /// <summary>Whether a message on <c>model/hold</c> is <c>{"v":1,"hold":true}</c>. Any other content ends the hold.</summary>
    public static bool IsHold(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var document = JsonDocument.Parse(message);
            return document.RootElement is { ValueKind: JsonValueKind.Object } body
                && body.TryGetProperty("hold", out var hold)
                && hold.ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Takes the request of <c>edgeseg model use</c>, <c>rollback</c> or <c>retry</c>; null: none.</summary>
    public string? TakeRequest()
    {
        var path = Path.Combine(root, RequestName);
        if (!File.Exists(path))
            return null;
        var word = FinalFile.Of(path).Length <= ConfigurationLimits.MaxSettingLength ? File.ReadAllText(path).Trim() : "";
        AtomicFile.Delete(path);
        return word is RollbackWord or ShippedWord or RetryWord || SlotStore.IsSlotName(word) ? word : null;
    }
}
