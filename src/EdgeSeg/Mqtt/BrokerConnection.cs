using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>
/// One connection to a broker, from CONNECT to its end; a new one is made for every attempt, so that nothing of a broken one lives on.
/// </summary>
internal sealed class BrokerConnection : IDisposable
{
    private static readonly MqttClientDisconnectOptions normalEnd = new()
    {
        Reason = MqttClientDisconnectOptionsReason.NormalDisconnection,
    };

    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly LinkOptions options;
    private readonly Action ended;
    private readonly bool hasSpoken;
    private readonly ServerCertificateCheck? certificate;
    private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool lost;

    /// <param name="options">Where to, as whom.</param>
    /// <param name="ended">Called once when the connection is lost, on any thread.</param>
    /// <param name="hasSpoken">Our session has told its status on an earlier connection, so that a retained one of another session is newer
    /// than ours.</param>
    public BrokerConnection(LinkOptions options, Action ended, bool hasSpoken)
    {
        (this.options, this.ended, this.hasSpoken) = (options, ended, hasSpoken);
        certificate = ClientOptions.CertificateCheck(options);
        client.DisconnectedAsync += Ended;
        client.ApplicationMessageReceivedAsync += Received;
    }

    public bool Lost => lost;

    /// <summary>Why it was lost, for people.</summary>
    public string LostReason { get; private set; } = "";

    /// <summary>
    /// Another client uses our id: the broker ended the connection for it (0x8E), or, since mosquitto before 2.0.15 just closes, another
    /// session has set our status since we did.
    /// </summary>
    public bool TakenOver { get; private set; }

    /// <summary>
    /// Another session says on our status topic that it is at work while we are: a device with our name and a client id of its own.
    /// </summary>
    public bool IsShared { get; private set; }

    /// <summary>Largest payload that this broker takes.</summary>
    public int MaxPayloadBytes { get; private set; } = MessageLimits.MaxMessageBytes;

    /// <summary>Connects and subscribes. Null when done, else the reason in a sentence, which holds no secret.</summary>
    public async Task<string?> ConnectAsync(byte[] will, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(options.ConnectTimeout);
        try
        {
            var answer = await client.ConnectAsync(Build(will), limit.Token);
            if (answer.ResultCode != MqttClientConnectResultCode.Success)
                return ConnectErrors.Describe(answer);
            // the library tells the broker's largest packet and does not enforce it; it does ping as often as the broker asks
            // (ServerKeepAlive)
            if (answer.MaximumPacketSize is > 0 and { } largest)
                MaxPayloadBytes = (int)Math.Clamp((long)largest - MqttLimits.MessageOverheadBytes, 0, MessageLimits.MaxMessageBytes);
            // noLocal and retainAsPublished are of MQTT 5; the packet of 3.1.1 has no place for them
            var subscribe = new MqttClientSubscribeOptionsBuilder().WithTopicFilter(
                options.Topics.Status,
                MqttQualityOfServiceLevel.AtLeastOnce,
                noLocal: true
            );
            // a command with the retain flag is refused, so the broker must pass the flag on
            foreach (var filter in options.Subscriptions)
                subscribe.WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce, noLocal: true, retainAsPublished: true);
            var granted = await client.SubscribeAsync(subscribe.Build(), limit.Token);
            foreach (var item in granted.Items)
            {
                // a broker that does not let us hear our own status only makes us slower to see that another has our name
                if (item.TopicFilter.Topic != options.Topics.Status && item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2)
                    return $"the broker refuses the subscription to {item.TopicFilter.Topic}: {ConnectErrors.Describe(item.ResultCode)}";
            }

            return null;
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return stop.IsCancellationRequested ? "stopping" : ConnectErrors.NoAnswer(options);
        }
        catch (Exception e)
        {
            // whatever the library throws while connecting (socket, TLS, protocol) is an operating error: the link tries again
            return ConnectErrors.Describe(e, certificate);
        }
    }

    /// <summary>Sends one message; QoS 1 waits for its acknowledgement. A failure means that the connection is of no more use.</summary>
    public async ValueTask<SendOutcome> SendAsync(OutboxSlot slot)
    {
        if (slot.Length > MaxPayloadBytes)
            return SendOutcome.TooLarge;
        try
        {
            if (slot.Message.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce)
            {
                await client.PublishAsync(slot.Message, CancellationToken.None);
                return SendOutcome.Sent;
            }

            using var limit = new CancellationTokenSource(MqttLimits.BrokerAnswerMs);
            await client.PublishAsync(slot.Message, limit.Token);
            return SendOutcome.Sent;
        }
        catch (Exception e)
        {
            // as above: the connection broke under the message; why, the end of the connection may tell better a moment later
            await Task.WhenAny(over.Task, Task.Delay(MqttLimits.LinkEndMs));
            if (LostReason.Length == 0)
                LostReason = ConnectErrors.Describe(e, certificate);
            lost = true;
            return SendOutcome.Lost;
        }
    }

    /// <summary>Ends the connection without the last will.</summary>
    public async Task EndAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(MqttLimits.LinkStopMs);
            await client.DisconnectAsync(normalEnd, limit.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or MQTTnet.Exceptions.MqttCommunicationException)
        {
            // it is gone already
        }
    }

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
        ended();
        return Task.CompletedTask;
    }

    private Task Received(MqttApplicationMessageReceivedEventArgs incoming)
    {
        var message = incoming.ApplicationMessage;
        if (message.Topic == options.Topics.Status)
        {
            StatusHeard(message);
            return Task.CompletedTask;
        }

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
        return Task.CompletedTask;
    }

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
                .WithMaximumPacketSize(MessageLimits.MaxCommandBytes + MqttLimits.MessageOverheadBytes);
        }

        var built = builder.Build();
        // messages are made with the properties of version 5; packets of 3.1.1 leave them out, and the library's check would refuse them
        built.ValidateFeatures = options.Protocol == MqttProtocol.V5;
        return built;
    }
}
