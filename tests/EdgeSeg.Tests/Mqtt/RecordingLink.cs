using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Mqtt;

/// <summary>A link that keeps every message. Any thread.</summary>
internal sealed class RecordingLink : IServiceLink
{
    private readonly Lock gate = new();
    private readonly List<(string Topic, byte[] Payload)> messages = [];
    private readonly Dictionary<string, string> states = new(StringComparer.Ordinal);

    public int MaxPayloadBytes { get; set; } = MessageLimits.MaxMessageBytes;

    public bool HasRoom { get; set; } = true;

    public IReadOnlyList<BrokerRefusal> Refusals { get; set; } = [];

    public bool Connected { get; set; } = true;

    public long ConnectFailures { get; set; }

    public bool DuplicateId { get; set; }

    public LinkStats Stats => default;

    public (ServiceState State, string[] Reasons) Status { get; private set; } = (ServiceState.Online, []);

    /// <summary>Retained topics and their text; cleared ones are empty.</summary>
    public IReadOnlyDictionary<string, string> States
    {
        get
        {
            lock (gate)
                return new Dictionary<string, string>(states);
        }
    }

    public IReadOnlyList<JsonNode> Of(string topicEnd)
    {
        lock (gate)
            return [.. messages.Where(m => m.Topic.EndsWith(topicEnd, StringComparison.Ordinal)).Select(m => JsonNode.Parse(m.Payload)!)];
    }

    /// <summary>The payloads as they came.</summary>
    public IReadOnlyList<byte[]> PayloadsOf(string topicEnd)
    {
        lock (gate)
            return [.. messages.Where(m => m.Topic.EndsWith(topicEnd, StringComparison.Ordinal)).Select(m => m.Payload)];
    }

    /// <summary>Lengths of what is no JSON: pictures.</summary>
    public IReadOnlyList<int> LengthsOf(string topicEnd)
    {
        lock (gate)
            return [.. messages.Where(m => m.Topic.EndsWith(topicEnd, StringComparison.Ordinal)).Select(m => m.Payload.Length)];
    }

    public bool TryPublishMask(string topic, ReadOnlySpan<byte> payload) => Keep(topic, payload);

    public bool TryPublish(
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        double expiryS,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    ) => Keep(topic, payload);

    public bool TryReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation) => Keep(topic, payload);

    public bool TrySetState(string topic, ReadOnlySpan<byte> payload)
    {
        lock (gate)
            states[topic] = Encoding.UTF8.GetString(payload);
        return true;
    }

    public void SetStatus(ServiceState state, IReadOnlyList<string> reasons) => Status = (state, [.. reasons]);

    private bool Keep(string topic, ReadOnlySpan<byte> payload)
    {
        lock (gate)
            messages.Add((topic, payload.ToArray()));
        return true;
    }
}
