namespace EdgeSeg.Mqtt;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class MqttLimits
{
    /// <summary>Results that wait for publishing: covers a publish hiccup of about a second at 15 frames a second.</summary>
    public const int PublishQueue = 16;

    /// <summary>Replies that wait for the broker: more commands than this in flight are refused as busy anyway.</summary>
    public const int ReplyQueue = 32;

    /// <summary>Retained topics whose latest value is kept to publish again after a reconnect: status, info, a state for each camera, alerts.</summary>
    public const int StateTopics = 64;

    /// <summary>A mask that could not be sent for this long is of no use to a robot.</summary>
    public const int MaskExpiryS = 5;

    /// <summary>A reply that comes later finds nobody waiting.</summary>
    public const int ReplyExpiryS = 30;

    /// <summary>First wait before connecting again, before jitter.</summary>
    public const int ReconnectMinMs = 250;

    /// <summary>Longest wait before connecting again: a fleet that comes back must not be slow to be seen.</summary>
    public const int ReconnectMaxMs = 30_000;

    /// <summary>Wait after a session was taken over again and again: two devices with one id must not evict each other for ever.</summary>
    public const int TakenOverWaitMs = 5 * 60_000;

    /// <summary>Take-overs in a row that are put down to our own reconnects; from there on another device has our id.</summary>
    public const int TakenOverMax = 3;

    /// <summary>A connection that lasted this long was a good one: back-off and take-overs count from nothing again.</summary>
    public const int LinkStableMs = 20_000;

    /// <summary>Longest wait for one answer of the broker (connect, acknowledge, ping).</summary>
    public const int BrokerAnswerMs = 10_000;

    /// <summary>Longest wait for the MQTT library to say why a connection broke under a message.</summary>
    public const int LinkEndMs = 500;

    /// <summary>Longest time that stopping may spend on saying goodbye: well within systemd's stop time-out.</summary>
    public const int LinkStopMs = 3_000;

    /// <summary>Seconds without traffic after which the client pings; a dead link is noticed after one and a half of it. The broker may ask for another.</summary>
    public const int KeepAliveS = 15;

    /// <summary>Topic, properties and fixed header of a message, in bytes, when its size is held against the broker's largest packet.</summary>
    public const int MessageOverheadBytes = 512;

    /// <summary>Topic filters subscribed to.</summary>
    public const int Subscriptions = 16;

    /// <summary>Messages that wait for one slow client of the embedded broker; older ones are dropped.</summary>
    public const int BrokerPendingMessages = 64;

    /// <summary>Retained topics that the embedded broker keeps.</summary>
    public const int BrokerRetainedTopics = 256;

    /// <summary>Longest time for clearing a device's retained topics, in milliseconds.</summary>
    public const int RetireMs = 30_000;

    /// <summary>Rounds of clearing: the second finds nothing unless the device runs on.</summary>
    public const int RetireRounds = 5;
}
