using System.Threading.Channels;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Mqtt;

/// <summary>
/// The link of the service to its broker. It reconnects with jittered back-off and accepts messages whether it is connected or not
/// (<see cref="Outbox"/>). Every connection begins with the retained <c>status</c> and the other retained topics; its last will is
/// <c>offline</c> with our session id. One loop sends; any thread may hand over, which copies and never blocks on the network.
/// </summary>
internal sealed class MqttLink : IServiceLink, IAsyncDisposable
{
    public const string Json = "application/json";

    private readonly LinkOptions options;
    private readonly TimeProvider time;
    private readonly Action<string> log;
    private readonly Outbox outbox;
    private readonly ReconnectPolicy reconnect;
    private readonly CancellationTokenSource stop = new();
    private readonly LinkStatus status;

    // wakes the loop; a bounded channel of one waits without allocating, which a semaphore does not
    private readonly Channel<byte> wake = Channel.CreateBounded<byte>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }
    );

    private readonly Channel<byte> replySent = Channel.CreateBounded<byte>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );

    private readonly BrokerRefusals refusals = new();
    private readonly ObservedPacketLimit observed;
    private readonly ConnectionCallbacks callbacks;
    private Task loop = Task.CompletedTask;
    private BrokerConnection? connection;
    private volatile bool connected;
    private volatile int maxPayloadBytes = MessageLimits.MaxMessageBytes;
    private volatile bool hasSpoken;
    private volatile int takenOverInARow;
    private long sent,
        reconnects,
        takenOver,
        connectFailures,
        connectedStamp;

    public MqttLink(LinkOptions options, TimeProvider time, Action<string> log)
    {
        if (options.Subscriptions.Count > MqttLimits.Subscriptions)
            throw new ArgumentException($"at most {MqttLimits.Subscriptions} subscriptions", nameof(options));
        (this.options, this.time, this.log, observed) = (options, time, log, new ObservedPacketLimit(time));
        outbox = new Outbox(time, options.OutboxMessages, options.OutboxBytes);
        reconnect = new ReconnectPolicy((int)options.ReconnectMax.TotalMilliseconds, Random.Shared);
        status = new LinkStatus(options, time, outbox);
        callbacks = new ConnectionCallbacks(Wake, ClearFormer, RoomForReplyAsync);
        status.Set(ServiceState.Online, []);
    }

    public bool Connected => connected;

    public IReadOnlyList<BrokerRefusal> Refusals => refusals.All;

    /// <summary>Largest payload now: ours, or the broker's where that is smaller.</summary>
    public int MaxPayloadBytes => maxPayloadBytes;

    /// <summary>How often another client took our id in this session.</summary>
    public long TakenOver => Interlocked.Read(ref takenOver);

    /// <summary>
    /// Another client has our client id or our device id: repeated take-overs, until a connection lasts, or another session that is online
    /// on our status topic.
    /// </summary>
    public bool DuplicateId =>
        (connected && connection is { IsShared: true }) || (takenOverInARow >= MqttLimits.TakenOverMax && !IsConnectionStable());

    /// <summary>Attempts to connect that failed in this session.</summary>
    public long ConnectFailures => Interlocked.Read(ref connectFailures);

    public LinkStats Stats => new(Interlocked.Read(ref sent), Interlocked.Read(ref reconnects), outbox.Waiting, outbox.Drops);

    /// <summary>Stream messages and replies that wait.</summary>
    public int Waiting => outbox.Waiting;

    /// <summary>At most half of the outbox is in use: a sequence of masks can go on without dropping its first ones.</summary>
    public bool HasRoom => outbox.Waiting <= options.OutboxMessages / 2;

    /// <summary>Begins to connect.</summary>
    public void Start() => loop = Task.Run(RunAsync);

    /// <summary>
    /// Copies a mask message into the outbox: QoS 0, dropped after <see cref="LinkOptions.MaskExpiry"/>. False: an older one was dropped.
    /// </summary>
    public bool TryPublishMask(string topic, ReadOnlySpan<byte> payload) =>
        TryPublish(topic, payload, Json, options.MaskExpiry.TotalSeconds);

    /// <summary>Copies a message that may be lost into the outbox: QoS 0. False when an older message was dropped for it.</summary>
    public bool TryPublish(
        string topic,
        ReadOnlySpan<byte> payload,
        string contentType,
        double expiryS,
        IReadOnlyList<KeyValuePair<string, string>>? properties = null
    )
    {
        var pushedOut = outbox.OfferStream(topic, payload, contentType, expiryS, properties);
        Wake();
        return !pushedOut;
    }

    /// <summary>Copies a reply into the outbox: QoS 1, in order. False when an older reply was dropped for it.</summary>
    public bool TryReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation)
    {
        var pushedOut = outbox.OfferReply(topic, payload, correlation);
        Wake();
        return !pushedOut;
    }

    /// <summary>
    /// Sets the value of a retained topic: QoS 1, sent now and again on every new connection; empty clears the topic. False when there are
    /// too many topics.
    /// </summary>
    public bool TrySetState(string topic, ReadOnlySpan<byte> payload)
    {
        var taken = outbox.OfferState(topic, payload);
        Wake();
        return taken;
    }

    /// <summary>Sets the content of <c>status</c>.</summary>
    public void SetStatus(ServiceState state, IReadOnlyList<string> reasons)
    {
        status.Set(state, reasons);
        Wake();
    }

    /// <summary>
    /// Publishes <c>stopping</c>, sends what waits, publishes <c>offline</c> and disconnects, within
    /// <see cref="MqttLimits.LinkStopMs"/>.
    /// </summary>
    public async Task StopAsync()
    {
        if (stop.IsCancellationRequested)
            return;
        SetStatus(ServiceState.Stopping, []);
        // a camera of a service that has ended is in no state, and its alerts are over
        outbox.ClearStates(options.Topics.IsOwnState);
        await stop.CancelAsync();
        replySent.Writer.TryComplete();
        Wake();
        try
        {
            await loop.WaitAsync(TimeSpan.FromMilliseconds(MqttLimits.LinkStopMs), time);
        }
        catch (TimeoutException)
        {
            log($"mqtt: the broker did not acknowledge the last messages within {MqttLimits.LinkStopMs} ms");
            connection?.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        status.Dispose();
        stop.Dispose();
    }

    private void Wake() => wake.Writer.TryWrite(0);

    /// <summary>
    /// A retained state or alert on the broker without a value in this session is of a former camera or of a former fault.
    /// </summary>
    private void ClearFormer(string topic)
    {
        if (!outbox.HasState(topic))
            TrySetState(topic, []);
    }

    private async ValueTask RoomForReplyAsync()
    {
        while (outbox.Replies >= MqttLimits.ReplyQueue && await replySent.Reader.WaitToReadAsync(CancellationToken.None))
            replySent.Reader.TryRead(out _);
    }

    private async Task RunAsync()
    {
        var lastFailure = "";
        while (!stop.IsCancellationRequested)
        {
            using var next = connection = new BrokerConnection(options, refusals, callbacks, hasSpoken, observed, time);
            refusals.Clear();
            var failure = await next.ConnectAsync(status.Will(), stop.Token);
            if (stop.IsCancellationRequested && failure is not null)
                return;
            if (failure is not null)
            {
                // the same failure is one line, however often it repeats
                if (failure != lastFailure)
                    log($"mqtt: {options.Host}:{options.Port}: {failure}; trying again");
                lastFailure = failure;
                outbox.BeginOffline();
                Interlocked.Increment(ref connectFailures);
            }
            else
            {
                var since = time.GetTimestamp();
                Interlocked.Exchange(ref connectedStamp, since);
                var dropped = outbox.Drops.Total is > 0 and var n ? $"; {n} messages were dropped so far" : "";
                log($"mqtt: connected to {options.Host}:{options.Port}{dropped}");
                lastFailure = "";
                await ServeAsync(next);
                if (stop.IsCancellationRequested)
                    return;
                log($"mqtt: connection lost: {next.LostReason}");
                Interlocked.Increment(ref reconnects);
                reconnect.Ended(time.GetElapsedTime(since).TotalMilliseconds, next.TakenOver);
                if (next.TakenOver)
                    ReportTakeOver();
                takenOverInARow = reconnect.TakenOverInARow;
            }

            await WaitAsync(reconnect.Next());
        }
    }

    private async Task ServeAsync(BrokerConnection to)
    {
        status.Offer();
        outbox.BeginOnline();
        connected = true;
        await PumpAsync(to);
        connected = false;
        outbox.BeginOffline();
        if (!to.Lost)
            await SayGoodbyeAsync(to);
    }

    /// <summary>Sends until the connection is lost, or, once stopping, until nothing waits.</summary>
    private async Task PumpAsync(BrokerConnection to)
    {
        while (!to.Lost)
        {
            // one that was observed ends while the connection lasts
            maxPayloadBytes = to.MaxPayloadBytes;
            if (outbox.Take() is { } slot)
            {
                var outcome = await to.SendAsync(slot);
                var kind = slot.Kind;
                outbox.Done(slot, outcome);
                if (kind == OutboxKind.Reply)
                    replySent.Writer.TryWrite(0);
                hasSpoken |= outcome == SendOutcome.Sent && kind == OutboxKind.State;
                if (outcome == SendOutcome.Sent)
                    Interlocked.Increment(ref sent);
                continue;
            }

            if (stop.IsCancellationRequested)
                return;
            await wake.Reader.WaitToReadAsync(CancellationToken.None);
            wake.Reader.TryRead(out _);
        }
    }

    /// <summary>A normal end sends no will, so the service publishes <c>offline</c> itself.</summary>
    private async Task SayGoodbyeAsync(BrokerConnection to)
    {
        SetStatus(ServiceState.Offline, []);
        while (!to.Lost && outbox.Take() is { } slot)
            outbox.Done(slot, await to.SendAsync(slot));
        await to.EndAsync();
    }

    /// <summary>The connection has lasted longer than a second client with our id would allow.</summary>
    private bool IsConnectionStable() =>
        connected && time.GetElapsedTime(Interlocked.Read(ref connectedStamp)).TotalMilliseconds > 2 * MqttLimits.TakenOverWaitMs;

    private void ReportTakeOver()
    {
        Interlocked.Increment(ref takenOver);
        if (reconnect.TakenOverInARow == MqttLimits.TakenOverMax)
            log(
                $"mqtt: another client uses the id of device '{options.Topics.Device}': give each device its own id; trying "
                    + $"again every {MqttLimits.TakenOverWaitMs / 60_000} minutes"
            );
    }

    private async Task WaitAsync(TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, time, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // stopping: the loop sees it
        }
    }
}
