using System.Buffers;
using System.Text;
using EdgeSeg.Messages;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>Kind of a message; decides how it is kept and its order.</summary>
internal enum OutboxKind
{
    /// <summary>Retained: only the latest of its topic counts.</summary>
    State,

    /// <summary>An answer to a command: sent in order.</summary>
    Reply,

    /// <summary>Masks, previews, telemetry: may be dropped, oldest first.</summary>
    Stream,
}

/// <summary>Outcome of sending a message.</summary>
internal enum SendOutcome
{
    Sent,

    /// <summary>The connection ended: state and replies are sent again on the next one.</summary>
    Lost,

    /// <summary>Larger than the broker accepts; sending it would end the connection.</summary>
    TooLarge,

    /// <summary>The broker does not accept the topic from us.</summary>
    Refused,
}

/// <summary>One message with its own buffer, which is reused and grows to the largest message.</summary>
internal sealed class OutboxSlot
{
    private byte[] buffer = [];

    public OutboxKind Kind { get; private set; }

    public int Length { get; private set; }

    /// <summary>Milliseconds of the clock of the outbox; <see cref="long.MaxValue"/>: never.</summary>
    public long ExpiresMs { get; private set; }

    /// <summary>State only: the broker of this connection has not acknowledged it yet.</summary>
    public bool Due { get; set; }

    /// <summary>Being sent: its buffer must not change.</summary>
    public bool InWork { get; set; }

    /// <summary>The message for the MQTT client; made once.</summary>
    public MqttApplicationMessage Message { get; } = new();

    public string Topic => Message.Topic;

    public ReadOnlySpan<byte> Payload => buffer.AsSpan(0, Length);

    /// <summary>Memory of the slot in bytes, whatever its message needs.</summary>
    public int Capacity => buffer.Length;

    /// <summary>Gives the memory back; the slot must not be in use.</summary>
    public void Trim() => buffer = [];

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

    /// <summary>Sets the remaining lifetime for the broker, in whole seconds (0: unlimited).</summary>
    public void StampExpiry(long nowMs) =>
        Message.MessageExpiryInterval = ExpiresMs == long.MaxValue ? 0 : (uint)Math.Max(1, (ExpiresMs - nowMs + 999) / 1000);
}
