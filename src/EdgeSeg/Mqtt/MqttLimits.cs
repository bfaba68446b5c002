namespace EdgeSeg.Mqtt;

/// <summary>Limits of this folder with their reasons. Those of a site are settings: <see cref="Configuration.MqttSettings"/>.</summary>
internal static class MqttLimits
{
    /// <summary>Replies that wait for the broker before the next command is read: the broker holds the commands meanwhile.</summary>
    public const int ReplyQueue = 32;

    /// <summary>Room for replies: besides those, two for each command that is being worked on.</summary>
    public const int ReplySlots = ReplyQueue + 16;

    /// <summary>Topics whose refusal by the broker is reported one by one.</summary>
    public const int Refusals = 16;

    /// <summary>A refused topic is tried again after this time, in ms: somebody may have corrected the access list.</summary>
    public const int RefusalRetryMs = 60_000;

    /// <summary>
    /// Retained topics whose latest value is kept for the next connection: status, info, a state for each camera, alerts.
    /// </summary>
    public const int StateTopics = 64;

    /// <summary>Seconds after which nobody waits for a reply any more.</summary>
    public const int ReplyExpiryS = 30;

    /// <summary>Full wait before the first reconnect, in ms.</summary>
    public const int ReconnectMinMs = 250;

    /// <summary>
    /// Wait after the session was taken over repeatedly, in ms: two devices with one id must not disconnect each other all the time.
    /// </summary>
    public const int TakenOverWaitMs = 5 * 60_000;

    /// <summary>Take-overs in a row that our own reconnects can explain; from there on another device has our id.</summary>
    public const int TakenOverMax = 3;

    /// <summary>A connection that lasted this long, in ms, resets the back-off and the count of take-overs.</summary>
    public const int LinkStableMs = 20_000;

    /// <summary>Longest wait for an acknowledgement of the broker, in ms.</summary>
    public const int BrokerAnswerMs = 10_000;

    /// <summary>Longest wait for the MQTT library to report why a connection broke, in ms.</summary>
    public const int LinkEndMs = 500;

    /// <summary>Longest time for a clean disconnect, in ms: well within systemd's stop timeout.</summary>
    public const int LinkStopMs = 3_000;

    /// <summary>Longest wait at a stop for a connection that is being made, in ms.</summary>
    public const int ConnectStopMs = 1_000;

    /// <summary>
    /// Topic, properties and fixed header of a message, in bytes, when its size is compared with the broker's largest packet.
    /// </summary>
    public const int MessageOverheadBytes = 512;

    /// <summary>Topic filters subscribed to.</summary>
    public const int Subscriptions = 16;

    /// <summary>Messages that wait for one slow client of the embedded broker; older ones are dropped.</summary>
    public const int BrokerPendingMessages = 64;

    /// <summary>Retained topics of the embedded broker.</summary>
    public const int BrokerRetainedTopics = 256;

    /// <summary>Subscriptions of the embedded broker's clients that are remembered, to know whether somebody receives masks.</summary>
    public const int BrokerSubscriptions = 1024;

    /// <summary>Longest time for clearing the retained topics of a device, in ms.</summary>
    public const int RetireMs = 30_000;

    /// <summary>Rounds of clearing: the second finds nothing unless the device still runs.</summary>
    public const int RetireRounds = 5;

    /// <summary>Size of a PEM file of certificates or of a key, in bytes: the authorities of a system have about 250,000.</summary>
    public const int MaxPemBytes = 1 << 20;

    /// <summary>Connections in a row that end after a large message until its size is taken as the reason.</summary>
    public const int SizeCloses = 2;

    /// <summary>Size of a message, in bytes, below which its size is no reason to close a connection.</summary>
    public const int SuspectBytes = 1024;
}
