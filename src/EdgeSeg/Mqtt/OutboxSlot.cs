using System.Buffers;
using System.Text;
using EdgeSeg.Messages;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>What an outbox slot is for; decides how it is kept, and its turn.</summary>
internal enum OutboxKind
{
    /// <summary>Retained: only the latest of its topic counts.</summary>
    State,

    /// <summary>An answer to a command: in order.</summary>
    Reply,

    /// <summary>Masks, previews, telemetry: the newest is worth most.</summary>
    Stream,
}

/// <summary>What became of a message that was taken from the outbox.</summary>
internal enum SendOutcome
{
    Sent,

    /// <summary>The connection ended meanwhile: state and replies go again on the next one.</summary>
    Lost,

    /// <summary>Larger than the broker takes: it would end the connection.</summary>
    TooLarge,
}

/// <summary>One message with its own buffer, used again and again: it grows to the largest message and stays so.</summary>
internal sealed class OutboxSlot
{
    private byte[] buffer = [];

    public OutboxKind Kind { get; private set; }

    public int Length { get; private set; }

    /// <summary>Milliseconds of the outbox's clock; <see cref="long.MaxValue"/> for never.</summary>
    public long ExpiresMs { get; private set; }

    /// <summary>State only: not yet acknowledged by this connection's broker.</summary>
    public bool Due { get; set; }

    /// <summary>Being sent: its buffer must not change.</summary>
    public bool InWork { get; set; }

    /// <summary>What the MQTT client is handed; made once.</summary>
    public MqttApplicationMessage Message { get; } = new();

    public string Topic => Message.Topic;

    public ReadOnlySpan<byte> Payload => buffer.AsSpan(0, Length);

    /// <summary>Copies a message in.</summary>
    public void Fill(
        OutboxKind kind,
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        byte[]? correlation,
        long expiresMs,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    )
    {
        if (buffer.Length < payload.Length)
            buffer = new byte[Math.Max(payload.Length, Math.Min(2 * buffer.Length, MessageLimits.MaxMessageBytes))];
        payload.CopyTo(buffer);
        (Kind, Length, ExpiresMs) = (kind, payload.Length, expiresMs);
        Message.Topic = topic;
        Message.Payload = new ReadOnlySequence<byte>(buffer, 0, payload.Length);
        Message.ContentType = contentType;
        Message.CorrelationData = correlation;
        Message.UserProperties = properties?.Select(p => new MqttUserProperty(p.Key, Encoding.UTF8.GetBytes(p.Value))).ToList();
        Message.Retain = kind == OutboxKind.State;
        Message.QualityOfServiceLevel =
            kind == OutboxKind.Stream ? MqttQualityOfServiceLevel.AtMostOnce : MqttQualityOfServiceLevel.AtLeastOnce;
    }

    /// <summary>Tells the broker how much of its life the message has left, in whole seconds (0: for ever).</summary>
    public void StampExpiry(long nowMs) =>
        Message.MessageExpiryInterval = ExpiresMs == long.MaxValue ? 0 : (uint)Math.Max(1, (ExpiresMs - nowMs + 999) / 1000);
}
