using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Where the pipeline's messages go: <see cref="MqttLink"/> in the service, an outbox alone in the benchmark, a list in tests. Any thread.
/// A call copies the payload and returns; it never waits for the network.
/// </summary>
internal interface IMessageSink
{
    /// <summary>Largest payload that is accepted now, in bytes.</summary>
    int MaxPayloadBytes { get; }

    /// <summary>
    /// At most half of the queue of stream messages is in use: a sequence of masks can go on without displacing its first ones.
    /// </summary>
    bool HasRoom { get; }

    /// <summary>Takes a mask message. False when an older message was dropped for it.</summary>
    bool TryPublishMask(string topic, ReadOnlySpan<byte> payload);

    /// <summary>Takes a message that may be lost. False when an older message was dropped for it.</summary>
    bool TryPublish(
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        double expiryS,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    );

    /// <summary>Takes a reply; replies keep their order. False when an older reply was dropped for it.</summary>
    bool TryReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation);
}

/// <summary>The link as the control loop sees it: retained topics, the device's status and the state of the connection.</summary>
internal interface IServiceLink : IMessageSink
{
    bool Connected { get; }

    /// <summary>What the broker refuses on this connection: topics or packets.</summary>
    IReadOnlyList<BrokerRefusal> Refusals { get; }

    /// <summary>Attempts to connect that failed in this session.</summary>
    long ConnectFailures { get; }

    /// <summary>Another client uses this device's id or name.</summary>
    bool DuplicateId { get; }

    LinkStats Stats { get; }

    /// <summary>Sets the value of a retained topic; empty clears it. False when there are too many topics.</summary>
    bool TrySetState(string topic, ReadOnlySpan<byte> payload);

    /// <summary>Sets the content of the retained <c>status</c>.</summary>
    void SetStatus(ServiceState state, IReadOnlyList<string> reasons);
}
