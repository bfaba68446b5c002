using EdgeSeg.Telemetry;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Messages on their way to the broker, copied into slots of fixed number. Retained state: the latest of each topic, kept for every new
/// connection. Replies: in order, bounded. Stream (masks, telemetry): a ring that drops its oldest; in order while the link is up, newest
/// first for what piled up while it was down. State goes before replies, replies before the stream. Whatever is given up is counted.
/// Any thread may offer; one thread takes.
/// </summary>
internal sealed class Outbox
{
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly OutboxQueue stream,
        replies;
    private readonly List<OutboxSlot> states = new(MqttLimits.StateTopics);
    private LinkDrops drops;
    private bool newestFirst;

    public Outbox(TimeProvider time, int streamSlots = MqttLimits.PublishQueue, int replySlots = MqttLimits.ReplyQueue)
    {
        this.time = time;
        stream = new OutboxQueue(streamSlots);
        replies = new OutboxQueue(replySlots);
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

    /// <summary>Milliseconds of the clock that expiry is told by.</summary>
    public long NowMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Takes a stream message; true when an older one had to make room for it.</summary>
    public bool OfferStream(
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        int expiryS,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    ) => Offer(stream, OutboxKind.Stream, topic, payload, contentType, null, expiryS, properties);

    /// <summary>Takes a reply; true when an older one had to make room for it.</summary>
    public bool OfferReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation, int expiryS) =>
        Offer(replies, OutboxKind.Reply, topic, payload, MqttLink.Json, correlation, expiryS);

    /// <summary>Takes the latest value of a retained topic; an empty one clears it. False when there are too many topics.</summary>
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

    /// <summary>The link went down: what piles up from now on goes newest first.</summary>
    public void BeginOffline()
    {
        lock (gate)
            newestFirst = true;
    }

    /// <summary>A new connection: its broker may have forgotten every retained value.</summary>
    public void BeginOnline()
    {
        lock (gate)
        {
            foreach (var slot in states)
                slot.Due = true;
        }
    }

    /// <summary>The next message to send, null when none waits. Each taken slot goes back through <see cref="Done"/> before the next.</summary>
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

    /// <summary>Gives a taken slot back.</summary>
    public void Done(OutboxSlot slot, SendOutcome outcome)
    {
        lock (gate)
        {
            if (outcome == SendOutcome.TooLarge)
                drops = drops with { TooLarge = drops.TooLarge + 1 };
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
                    (slot.Kind == OutboxKind.Reply ? replies : stream).Free(slot);
                    break;
            }
        }
    }

    private bool Offer(
        OutboxQueue to,
        OutboxKind kind,
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        byte[]? correlation,
        int expiryS,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    )
    {
        var expiresMs = NowMs + expiryS * 1000L;
        lock (gate)
        {
            var pushedOut = to.IsFull;
            if (pushedOut)
            {
                to.Free(to.TakeOldest());
                drops = drops with { Full = drops.Full + 1 };
            }

            var slot = to.NextFree();
            slot.Fill(kind, topic, payload, contentType, correlation, expiresMs, properties);
            to.Add(slot);
            return pushedOut;
        }
    }

    private void GiveUp(OutboxQueue from, OutboxSlot slot)
    {
        from.Free(slot);
        drops = drops with { Expired = drops.Expired + 1 };
    }

    private static OutboxSlot Stamped(OutboxSlot slot, long nowMs)
    {
        slot.StampExpiry(nowMs);
        return slot;
    }
}
