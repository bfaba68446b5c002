using System.Text.Json;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>What a person on the device, or an operator over MQTT, says against or beside the manifests: files in the store's folder, so that they work while the service is down.</summary>
internal sealed class UpdateHold(string root)
{
    public const string HoldName = "hold",
        RequestName = "request",
        RollbackWord = "rollback",
        ShippedWord = "shipped";

    private volatile bool remote;

    /// <summary>Set by the message <c>model/hold</c>.</summary>
    public bool Remote
    {
        get => remote;
        set => remote = value;
    }

    /// <summary>Nothing is fetched or swapped; what serves goes on.</summary>
    public bool Holding => remote || File.Exists(Path.Combine(root, HoldName));

    /// <summary>Whether a message on <c>model/hold</c> says so: <c>{"v":1,"hold":true}</c>. Whatever else it is, it holds nothing.</summary>
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

    /// <summary>Takes what <c>edgeseg model use</c> or <c>rollback</c> asked for; null: nothing.</summary>
    public string? TakeRequest()
    {
        var path = Path.Combine(root, RequestName);
        if (!File.Exists(path))
            return null;
        var word = new FileInfo(path).Length <= ConfigurationLimits.MaxSettingLength ? File.ReadAllText(path).Trim() : "";
        AtomicFile.Delete(path);
        return word is RollbackWord or ShippedWord || SlotStore.IsSlotName(word) ? word : null;
    }
}

/// <summary>Waits between attempts to update.</summary>
internal sealed class UpdateBackoff
{
    private readonly Backoff backoff = new(UpdateLimits.UpdateRetryMinMs, UpdateLimits.UpdateRetryMaxMs, Random.Shared);

    public void Reset() => backoff.Reset();

    public TimeSpan Next(TimeSpan? atLeast)
    {
        var jittered = backoff.Next();
        var asked = atLeast ?? TimeSpan.Zero;
        var longest = TimeSpan.FromMilliseconds(UpdateLimits.MaxRetryAfterMs);
        return asked > longest ? longest
            : asked > jittered ? asked
            : jittered;
    }
}
