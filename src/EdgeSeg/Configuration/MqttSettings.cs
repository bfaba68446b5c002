namespace EdgeSeg.Configuration;

internal enum MqttProtocol
{
    V5,
    V311,
}

/// <summary><c>[mqtt]</c>: the broker and the connection to it. Secrets are in files, read through <see cref="SecretFile"/>.</summary>
internal sealed class MqttSettings
{
    public const string EmbeddedHost = "embedded";

    /// <summary>Begin of every topic unless the settings name another.</summary>
    public const string DefaultTopicPrefix = "edgeseg";

    /// <summary>Covers a publish stall of about a second at 15 frames a second.</summary>
    public const int DefaultOutboxMessages = 16;

    /// <summary>2 MiB: 16 messages of the largest size.</summary>
    public const int DefaultOutboxKib = 2048;

    /// <summary>An older mask is of no use to a robot.</summary>
    public const int DefaultMaskExpiryS = 5;

    /// <summary>A fleet whose broker comes back is visible soon.</summary>
    public const int DefaultReconnectMaxS = 30;

    public string Host { get; set; } = EmbeddedHost;

    /// <summary>0: the default port of the protocol; see <see cref="EffectivePort"/>.</summary>
    public int Port { get; set; }

    public string Bind { get; set; } = "127.0.0.1";

    public MqttProtocol Protocol { get; set; } = MqttProtocol.V5;

    public string ClientId { get; set; } = "";

    public string TopicPrefix { get; set; } = DefaultTopicPrefix;

    public string Username { get; set; } = "";

    public string PasswordFile { get; set; } = "";

    public bool Tls { get; set; }

    public string CaFile { get; set; } = "";

    public string ClientCertFile { get; set; } = "";

    public string ClientKeyFile { get; set; } = "";

    /// <summary>A dead connection is detected after one and a half of it.</summary>
    public int KeepAliveS { get; set; } = 15;

    public double ConnectTimeoutS { get; set; } = 10;

    public double ReconnectMaxS { get; set; } = DefaultReconnectMaxS;

    public int OutboxMessages { get; set; } = DefaultOutboxMessages;

    public int OutboxKib { get; set; } = DefaultOutboxKib;

    public double MaskExpiryS { get; set; } = DefaultMaskExpiryS;

    /// <summary>The broker runs inside this process.</summary>
    public bool IsEmbedded => Host == EmbeddedHost;

    public int EffectivePort =>
        Port != 0 ? Port
        : Tls ? 8883
        : 1883;

    private const string Doc = "The broker and the connection to it. No message can set a path, a camera or a command line.";

    public static Section Section { get; } =
        new Section<MqttSettings>("mqtt", Doc, (s, _) => s.Mqtt)
            .Text(
                "host",
                TextForms.Host,
                "Host name or address of the broker; \"embedded\" runs a broker inside this process.",
                m => m.Host,
                (m, v) => m.Host = v
            )
            .Integer("port", 0, 65535, "Port of the broker; 0: 1883, or 8883 with TLS.", m => m.Port, (m, v) => m.Port = v)
            .Text(
                "bind",
                TextForms.Address,
                "Address on which the embedded broker listens; any but loopback needs username and password_file.",
                m => m.Bind,
                (m, v) => m.Bind = v
            )
            .Choice(
                "protocol",
                "MQTT version; \"3.1.1\" is for a broker without version 5: then a message has no expiry, and a command names its "
                    + "reply topic in the payload (reply_to).",
                m => m.Protocol,
                (m, v) => m.Protocol = v,
                ("5", MqttProtocol.V5),
                ("3.1.1", MqttProtocol.V311)
            )
            .Text(
                "client_id",
                TextForms.Line,
                "MQTT client id; empty: edgeseg- and the device id.",
                m => m.ClientId,
                (m, v) => m.ClientId = v
            )
            .Text(
                "topic_prefix",
                TextForms.TopicPrefix,
                "Begin of every topic: <prefix>/v1/<device>/... All devices of a fleet and their clients must use the same one.",
                m => m.TopicPrefix,
                (m, v) => m.TopicPrefix = v
            )
            .Text("username", TextForms.Line, "User name for the broker; empty: none.", m => m.Username, (m, v) => m.Username = v)
            .Text(
                "password_file",
                TextForms.File,
                "File with the password; \"cred:mqtt-password\" reads it from $CREDENTIALS_DIRECTORY.",
                m => m.PasswordFile,
                (m, v) => m.PasswordFile = v
            )
            .Flag("tls", "Encrypt the connection to an external broker.", m => m.Tls, (m, v) => m.Tls = v)
            .Text(
                "ca_file",
                TextForms.File,
                "PEM file with the certificate authorities to trust; empty: those of the system.",
                m => m.CaFile,
                (m, v) => m.CaFile = v
            )
            .Text(
                "client_cert_file",
                TextForms.File,
                "PEM file with this device's certificate.",
                m => m.ClientCertFile,
                (m, v) => m.ClientCertFile = v
            )
            .Text(
                "client_key_file",
                TextForms.File,
                "PEM file with the private key of that certificate.",
                m => m.ClientKeyFile,
                (m, v) => m.ClientKeyFile = v
            )
            .Integer(
                "keep_alive_s",
                5,
                3600,
                "Seconds without traffic after which the client sends a ping; the broker may require another interval.",
                m => m.KeepAliveS,
                (m, v) => m.KeepAliveS = v
            )
            .Number(
                "connect_timeout_s",
                1,
                120,
                "Seconds to wait for the TCP connection, the TLS handshake and the broker's answers to CONNECT and SUBSCRIBE.",
                m => m.ConnectTimeoutS,
                (m, v) => m.ConnectTimeoutS = v
            )
            .Number(
                "reconnect_max_s",
                1,
                3600,
                "Longest wait between two attempts to connect, in seconds.",
                m => m.ReconnectMaxS,
                (m, v) => m.ReconnectMaxS = v
            )
            .Integer(
                "outbox_messages",
                1,
                1000,
                "Masks, previews and telemetry that wait for the broker; the oldest are dropped.",
                m => m.OutboxMessages,
                (m, v) => m.OutboxMessages = v
            )
            .Integer(
                "outbox_kib",
                128,
                65536,
                "Memory for them, in KiB; the oldest are dropped.",
                m => m.OutboxKib,
                (m, v) => m.OutboxKib = v
            )
            .Number(
                "mask_expiry_s",
                0.1,
                3600,
                "Seconds after which a mask that was not sent is dropped.",
                m => m.MaskExpiryS,
                (m, v) => m.MaskExpiryS = v
            );
}
