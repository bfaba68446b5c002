using EdgeSeg.Configuration;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Messages that wait for the broker, copied into a fixed number of slots. Retained state: the latest value of each topic, kept for every
/// new
/// connection. Replies: in order, bounded. Stream (masks, previews, telemetry): bounded in messages and bytes, the oldest are dropped; sent
/// in order
/// while the link is up, newest first for what waited while it was down. State is sent before replies, replies before the stream. Every
/// dropped
/// message is counted. Any thread may offer; one thread takes.
/// </summary>
internal sealed class Outbox
{
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly OutboxQueue stream,
        replies;
    private readonly List<OutboxSlot> states = new(MqttLimits.StateTopics);
    private readonly int streamBytes;
    private LinkDrops drops;
    private long streamMemory;
    private bool newestFirst;

    /// <param name="time">Clock of the expiry.</param>
    /// <param name="streamSlots">Stream messages that may wait.</param>
    /// <param name="streamBytes">Bytes of stream messages that may wait; a single larger message is accepted.</param>
    public Outbox(
        TimeProvider time,
        int streamSlots = MqttSettings.DefaultOutboxMessages,
        int streamBytes = MqttSettings.DefaultOutboxKib << 10
    )
    {
        (this.time, this.streamBytes) = (time, streamBytes);
        stream = new OutboxQueue(streamSlots);
        replies = new OutboxQueue(MqttLimits.ReplySlots);
    }

    public LinkDrops Drops
    {
        get
        {
            lock (gate)
                return drops;
        }
    }

    /// <summary>Stream messages and replies that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return stream.Count + replies.Count;
        }
    }

    /// <summary>Milliseconds of the clock of the expiry.</summary>
    public long NowMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Accepts a stream message; true when older ones were dropped for it.</summary>
    public bool OfferStream(
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        double expiryS,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    )
    {
        var expiresMs = NowMs + (long)(expiryS * 1000);
        lock (gate)
        {
            var dropped = false;
            while (stream.Count > 0 && (stream.IsFull || stream.Bytes + payload.Length > streamBytes))
                dropped = DropOldest(stream);
            var slot = stream.NextFree();
            streamMemory -= slot.Capacity;
            slot.Fill(OutboxKind.Stream, topic, payload, contentType, null, expiresMs, properties);
            streamMemory += slot.Capacity;
            stream.Add(slot);
            return dropped;
        }
    }

    /// <summary>Accepts a reply; true when an older one was dropped for it.</summary>
    public bool OfferReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation)
    {
        var expiresMs = NowMs + MqttLimits.ReplyExpiryS * 1000L;
        lock (gate)
        {
            var dropped = replies.IsFull && DropOldest(replies);
            var slot = replies.NextFree();
            slot.Fill(OutboxKind.Reply, topic, payload, MqttLink.Json, correlation, expiresMs);
            replies.Add(slot);
            return dropped;
        }
    }

    /// <summary>Accepts the latest value of a retained topic; an empty one clears it. False when there are too many topics.</summary>
    public bool OfferState(string topic, ReadOnlySpan<byte> payload)
    {
        lock (gate)
        {
            var at = states.FindIndex(s => s.Topic == topic);
            if (at < 0 && states.Count == MqttLimits.StateTopics)
                return false;
            if (at < 0)
                states.Add(new OutboxSlot());
            else if (states[at].InWork)
                states[at] = new OutboxSlot();
            var slot = states[at < 0 ? ^1 : at];
            slot.Fill(OutboxKind.State, topic, payload, MqttLink.Json, null, long.MaxValue);
            slot.Due = true;
            return true;
        }
    }

    /// <summary>Replies that wait.</summary>
    public int Replies
    {
        get
        {
            lock (gate)
                return replies.Count;
        }
    }

    /// <summary>Whether a retained topic has a value in this session.</summary>
    public bool HasState(string topic)
    {
        lock (gate)
            return states.Exists(s => s.Topic == topic && s.Length > 0);
    }

    /// <summary>Clears every retained topic of which the condition holds.</summary>
    public void ClearStates(Func<string, bool> condition)
    {
        string[] topics;
        lock (gate)
            topics = [.. states.Where(s => s.Length > 0 && condition(s.Topic)).Select(s => s.Topic)];
        foreach (var topic in topics)
            OfferState(topic, []);
    }

    /// <summary>The link went down: what waits from now on is sent newest first.</summary>
    public void BeginOffline()
    {
        lock (gate)
            newestFirst = true;
    }

    /// <summary>A new connection: its broker may have lost every retained value.</summary>
    public void BeginOnline()
    {
        lock (gate)
        {
            foreach (var slot in states)
                slot.Due = true;
        }
    }

    /// <summary>
    /// The next message to send; null when none waits. Each taken slot is returned through <see cref="Done"/> before the next one is taken.
    /// </summary>
    public OutboxSlot? Take()
    {
        var nowMs = NowMs;
        lock (gate)
        {
            foreach (var state in states)
            {
                if (!state.Due)
                    continue;
                state.InWork = true;
                return Stamped(state, nowMs);
            }

            while (replies.Count > 0)
            {
                var reply = replies.TakeOldest();
                if (reply.ExpiresMs > nowMs)
                    return Stamped(reply, nowMs);
                GiveUp(replies, reply);
            }

            while (stream.Count > 0)
            {
                var slot = newestFirst ? stream.TakeNewest() : stream.TakeOldest();
                if (slot.ExpiresMs > nowMs)
                    return Stamped(slot, nowMs);
                GiveUp(stream, slot);
            }

            newestFirst = false;
            return null;
        }
    }

    /// <summary>Returns a taken slot.</summary>
    public void Done(OutboxSlot slot, SendOutcome outcome)
    {
        lock (gate)
        {
            if (outcome == SendOutcome.TooLarge)
                drops = drops with { TooLarge = drops.TooLarge + 1 };
            if (outcome == SendOutcome.Refused)
                drops = drops with { Refused = drops.Refused + 1 };
            switch (slot.Kind)
            {
                case OutboxKind.State:
                    slot.InWork = false;
                    if (outcome == SendOutcome.Lost)
                        break;
                    slot.Due = false;
                    if (slot.Length == 0)
                        states.Remove(slot);
                    break;
                case OutboxKind.Reply when outcome == SendOutcome.Lost && replies.TryPutBack(slot):
                    break;
                default:
                    if (outcome == SendOutcome.Lost)
                        drops = drops with { Failed = drops.Failed + 1 };
                    Free(slot.Kind == OutboxKind.Reply ? replies : stream, slot);
                    break;
            }
        }
    }

    private bool DropOldest(OutboxQueue from)
    {
        Free(from, from.TakeOldest());
        drops = drops with { Full = drops.Full + 1 };
        return true;
    }

    /// <summary>A slot keeps its memory for the next message while all stream slots together are within the limit.</summary>
    private void Free(OutboxQueue to, OutboxSlot slot)
    {
        if (to == stream && streamMemory > streamBytes)
        {
            streamMemory -= slot.Capacity;
            slot.Trim();
        }

        to.Free(slot);
    }

    private void GiveUp(OutboxQueue from, OutboxSlot slot)
    {
        Free(from, slot);
        drops = drops with { Expired = drops.Expired + 1 };
    }

    private static OutboxSlot Stamped(OutboxSlot slot, long nowMs)
    {
        slot.StampExpiry(nowMs);
        return slot;
    }
}
