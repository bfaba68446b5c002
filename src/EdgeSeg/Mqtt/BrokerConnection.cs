using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>
/// One connection to a broker, from CONNECT to its end; a new one is made for every attempt, so that no state of a broken one remains.
/// </summary>
internal sealed class BrokerConnection : IDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly LinkOptions options;
    private readonly BrokerRefusals refusals;
    private readonly ConnectionCallbacks callbacks;
    private readonly string[] ownStates;

    // the description for Home Assistant under whatever prefix: one of former settings is cleared
    private readonly string discovery;

    /// <summary>The value of an accepted topic in <see cref="checkedTopics"/>.</summary>
    private const long Accepted = long.MinValue;

    /// <summary>Stream topics that were checked on this connection: <see cref="Accepted"/>, or the stamp of the refusal.</summary>
    private readonly Dictionary<string, long> checkedTopics = new(StringComparer.Ordinal);
    private readonly bool hasSpoken;
    private readonly ObservedPacketLimit observed;
    private readonly TimeProvider time;
    private readonly ServerCertificateCheck? certificate;
    private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool lost;
    private uint largestPacket;

    /// <param name="options">The broker and the device.</param>
    /// <param name="refusals">Gets what the broker refuses.</param>
    /// <param name="callbacks">Calls back.</param>
    /// <param name="hasSpoken">This session has published its status on an earlier connection, so that a retained one of another session is
    /// newer than ours.</param>
    /// <param name="observed">What earlier connections showed of the broker's largest message.</param>
    /// <param name="time">The clock.</param>
    public BrokerConnection(
        LinkOptions options,
        BrokerRefusals refusals,
        ConnectionCallbacks callbacks,
        bool hasSpoken,
        ObservedPacketLimit observed,
        TimeProvider time
    )
    {
        (this.options, this.refusals, this.callbacks, this.hasSpoken) = (options, refusals, callbacks, hasSpoken);
        (this.observed, this.time) = (observed, time);
        certificate = ClientOptions.CertificateCheck(options);
        discovery = HomeAssistantMessage.Topic("+", options.Topics.Device);
        ownStates = [options.Topics.Status, options.Topics.AllStates, options.Topics.AllAlerts, discovery];
        client.DisconnectedAsync += Ended;
        client.ApplicationMessageReceivedAsync += ReceivedAsync;
    }

    public bool Lost => lost;

    /// <summary>Why it was lost, for people.</summary>
    public string LostReason { get; private set; } = "";

    /// <summary>
    /// Another client uses our id: the broker ended the connection with 0x8E, or (mosquitto before 2.0.15 gives no reason) another session
    /// has set our status since we did.
    /// </summary>
    public bool TakenOver { get; private set; }

    /// <summary>
    /// Another session is online on our status topic: a device with our device id and a client id of its own.
    /// </summary>
    public bool IsShared { get; private set; }

    /// <summary>Largest payload that this broker accepts: as it states, else as observed until now.</summary>
    public int MaxPayloadBytes =>
        largestPacket > 0
            ? (int)Math.Clamp((long)largestPacket - MqttLimits.MessageOverheadBytes, 0, MessageLimits.MaxMessageBytes)
            : observed.Bytes;

    /// <summary>Connects and subscribes. Null on success, else the reason for people; it holds no secret.</summary>
    public async Task<string?> ConnectAsync(byte[] will, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(options.ConnectTimeout);
        // a connection that is closed abruptly after the broker has the will would publish it; one that succeeds ends properly
        using var ending = stop.Register(() => limit.CancelAfter(MqttLimits.ConnectStopMs));
        try
        {
            var answer = await client.ConnectAsync(Build(will), limit.Token);
            if (answer.ResultCode != MqttClientConnectResultCode.Success)
                return Refused(ConnectErrors.Describe(answer));
            // the library reports the broker's largest packet but does not enforce it; it does follow the broker's keep-alive
            // (ServerKeepAlive)
            largestPacket = answer.MaximumPacketSize ?? 0;
            await SubscribeAsync(limit.Token);
            return null;
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return stop.IsCancellationRequested ? "stopping" : ConnectErrors.NoAnswer(options);
        }
        catch (Exception e)
        {
            // whatever the library throws while connecting (socket, TLS, protocol) is an operating error: the link tries again
            return Refused(ConnectErrors.Describe(e, certificate));
        }

        string Refused(string reason) => PemFiles.WithDates(reason, options.Tls?.ClientCertificate, time.GetUtcNow());
    }

    /// <summary>A refused subscription is reported, and the connection goes on with the others.</summary>
    private async Task SubscribeAsync(CancellationToken cancel)
    {
        var subscribe = new MqttClientSubscribeOptionsBuilder();
        // noLocal and retainAsPublished are of MQTT 5; the packet of 3.1.1 has no place for them
        foreach (var filter in ownStates)
            subscribe.WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce, noLocal: true);
        // a command with the retain flag is refused, so the broker must pass the flag on
        foreach (var filter in options.Subscriptions)
            subscribe.WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce, noLocal: true, retainAsPublished: true);
        var granted = await client.SubscribeAsync(subscribe.Build(), cancel);
        foreach (var item in granted.Items)
        {
            // without our own retained topics, topics of former cameras stay and a second device with our id is noticed later: no fault
            if (item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2 && !ownStates.Contains(item.TopicFilter.Topic))
                refusals.Add(item.TopicFilter.Topic, $"subscription {ConnectErrors.Describe(item.ResultCode)}");
        }
    }

    /// <summary>
    /// Sends one message; QoS 1 waits for its acknowledgement. The first stream message of a topic is sent at QoS 1 too, since only an
    /// acknowledgement shows whether the broker accepts the topic. After <see cref="SendOutcome.Lost"/> the connection is not usable.
    /// </summary>
    public async ValueTask<SendOutcome> SendAsync(OutboxSlot slot)
    {
        var topic = options.Topics.Pattern(slot.Topic);
        if (slot.Length > MaxPayloadBytes)
        {
            // without the size of this message, which would make a new alert of each
            refusals.Add(
                topic,
                largestPacket > 0
                    ? $"packet too large: the broker accepts packets of at most {largestPacket} bytes"
                    : $"packet too large: the broker closes the connection after a message of {MaxPayloadBytes + 1} bytes"
            );
            return SendOutcome.TooLarge;
        }

        var isStream = slot.Kind == OutboxKind.Stream;
        if (isStream && checkedTopics.TryGetValue(slot.Topic, out var refusedAt))
        {
            if (refusedAt == Accepted)
                return await SendUncheckedAsync(slot);
            if (time.GetElapsedTime(refusedAt).TotalMilliseconds < MqttLimits.RefusalRetryMs)
                return SendOutcome.Refused;
        }

        try
        {
            using var limit = new CancellationTokenSource(MqttLimits.BrokerAnswerMs);
            slot.Message.QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce;
            var answer = await client.PublishAsync(slot.Message, limit.Token);
            observed.Accepted(slot.Length);
            if (answer.IsSuccess)
                refusals.Remove(topic);
            else
                refusals.Add(topic, ConnectErrors.Describe(answer.ReasonCode));
            if (isStream && (checkedTopics.Count < MqttLimits.StateTopics || checkedTopics.ContainsKey(slot.Topic)))
                checkedTopics[slot.Topic] = answer.IsSuccess ? Accepted : time.GetTimestamp();
            return answer.IsSuccess ? SendOutcome.Sent : SendOutcome.Refused;
        }
        catch (Exception e)
        {
            var outcome = await BrokeAsync(e);
            if (over.Task.IsCompleted)
                observed.Closed(slot.Length);
            return outcome;
        }
    }

    private async ValueTask<SendOutcome> SendUncheckedAsync(OutboxSlot slot)
    {
        try
        {
            await client.PublishAsync(slot.Message, CancellationToken.None);
            return SendOutcome.Sent;
        }
        catch (Exception e)
        {
            return await BrokeAsync(e);
        }
    }

    /// <summary>The connection broke while a message was sent; the end of the connection may give a better reason a moment later.</summary>
    private async Task<SendOutcome> BrokeAsync(Exception e)
    {
        await Task.WhenAny(over.Task, Task.Delay(MqttLimits.LinkEndMs));
        if (LostReason.Length == 0)
            LostReason = ConnectErrors.Describe(e, certificate);
        lost = true;
        return SendOutcome.Lost;
    }

    /// <summary>Ends the connection without the last will.</summary>
    public Task EndAsync() => BrokerSession.EndAsync(client);

    public void Dispose() => client.Dispose();

    private Task Ended(MqttClientDisconnectedEventArgs end)
    {
        if (!end.ClientWasConnected)
            return Task.CompletedTask;
        TakenOver |= end.Reason == MqttClientDisconnectReason.SessionTakenOver;
        if (LostReason.Length == 0)
            LostReason = ConnectErrors.Describe(end);
        lost = true;
        over.TrySetResult();
        callbacks.Ended();
        return Task.CompletedTask;
    }

    private async Task ReceivedAsync(MqttApplicationMessageReceivedEventArgs incoming)
    {
        var message = incoming.ApplicationMessage;
        if (message.Topic == options.Topics.Status)
        {
            StatusHeard(message);
            return;
        }

        if (options.Topics.IsOwnState(message.Topic) || IsDiscovery(message.Topic))
        {
            if (message is { Retain: true, Payload.Length: > 0 })
                callbacks.RetainedState(message.Topic);
            return;
        }

        // the acknowledgement goes out when this returns, and the broker sends only so many messages ahead of it: every command is answered
        await callbacks.RoomForReply();
        var tooLarge = message.Payload.Length > MessageLimits.MaxCommandBytes;
        options.Received?.Invoke(
            new IncomingMessage(
                message.Topic,
                tooLarge ? [] : System.Buffers.BuffersExtensions.ToArray(message.Payload),
                tooLarge,
                message.Retain,
                message.ResponseTopic,
                message.CorrelationData,
                message.MessageExpiryInterval
            )
        );
    }

    private bool IsDiscovery(string topic) =>
        topic.EndsWith(discovery[1..], StringComparison.Ordinal) && !topic.AsSpan(0, topic.Length - discovery.Length + 1).Contains('/');

    private void StatusHeard(MqttApplicationMessage message)
    {
        if (StatusMessage.TryRead(message.Payload) is not { } status || status.Session == options.Session)
            return;
        if (message.Retain)
            TakenOver |= hasSpoken;
        else
            IsShared = status.IsAtWork;
    }

    private MqttClientOptions Build(byte[] will)
    {
        var topics = options.Topics;
        var builder = ClientOptions
            .Create(options, options.ClientId ?? "edgeseg-" + topics.Device, certificate)
            .WithWillTopic(topics.Status)
            .WithWillPayload(will)
            .WithWillRetain()
            .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);
        if (options.Protocol == MqttProtocol.V5)
        {
            // the broker then drops larger messages itself
            builder
                .WithWillContentType(MqttLink.Json)
                .WithMaximumPacketSize(MessageLimits.MaxCommandBytes + MqttLimits.MessageOverheadBytes)
                .WithReceiveMaximum(MqttLimits.ReplyQueue);
        }

        var built = builder.Build();
        // messages are made with the properties of version 5; packets of 3.1.1 leave them out, and the library's check would refuse them
        built.ValidateFeatures = options.Protocol == MqttProtocol.V5;
        return built;
    }
}
