namespace EdgeSeg.Configuration;

internal enum MqttProtocol
{
    V5,
    V311,
}

/// <summary><c>[mqtt]</c>: the broker and how to reach it. Secrets stand in files, read through <see cref="SecretFile"/>.</summary>
internal sealed class MqttSettings
{
    public const string EmbeddedHost = "embedded";

    public string Host { get; set; } = EmbeddedHost;

    /// <summary>0: the protocol's own; see <see cref="EffectivePort"/>.</summary>
    public int Port { get; set; }

    public string Bind { get; set; } = "127.0.0.1";

    public MqttProtocol Protocol { get; set; } = MqttProtocol.V5;

    public string ClientId { get; set; } = "";

    public string Username { get; set; } = "";

    public string PasswordFile { get; set; } = "";

    public bool Tls { get; set; }

    public string CaFile { get; set; } = "";

    public string ClientCertFile { get; set; } = "";

    public string ClientKeyFile { get; set; } = "";

    public int KeepAliveS { get; set; } = 30;

    public double ConnectTimeoutS { get; set; } = 10;

    public double ReconnectMaxS { get; set; } = 60;

    public int OutboxMessages { get; set; } = 256;

    public int OutboxKib { get; set; } = 4096;

    public double MaskExpiryS { get; set; } = 10;

    /// <summary>The broker runs inside this process.</summary>
    public bool IsEmbedded => Host == EmbeddedHost;

    public int EffectivePort =>
        Port != 0 ? Port
        : Tls ? 8883
        : 1883;

    public static Section Section { get; } =
        new Section<MqttSettings>("mqtt", "The broker. No message can set a path, a camera or a command line.", (s, _) => s.Mqtt)
            .Text(
                "host",
                TextForms.Host,
                "\"embedded\" runs a broker inside the process; else the name or address of a real one.",
                m => m.Host,
                (m, v) => m.Host = v
            )
            .Integer("port", 0, 65535, "0: 1883, or 8883 with TLS.", m => m.Port, (m, v) => m.Port = v)
            .Text(
                "bind",
                TextForms.Address,
                "Address on which the embedded broker listens; any but loopback needs username and password_file.",
                m => m.Bind,
                (m, v) => m.Bind = v
            )
            .Choice(
                "protocol",
                "MQTT version; 3.1.1 is for brokers that know no 5.",
                m => m.Protocol,
                (m, v) => m.Protocol = v,
                ("5", MqttProtocol.V5),
                ("3.1.1", MqttProtocol.V311)
            )
            .Text(
                "client_id",
                TextForms.Line,
                "MQTT client id; empty: edgeseg- and the device's name.",
                m => m.ClientId,
                (m, v) => m.ClientId = v
            )
            .Text("username", TextForms.Line, "User name for the broker; empty for none.", m => m.Username, (m, v) => m.Username = v)
            .Text(
                "password_file",
                TextForms.File,
                "File that holds the password; \"cred:mqtt-password\" reads it from $CREDENTIALS_DIRECTORY.",
                m => m.PasswordFile,
                (m, v) => m.PasswordFile = v
            )
            .Flag("tls", "Encrypt the connection to a real broker.", m => m.Tls, (m, v) => m.Tls = v)
            .Text(
                "ca_file",
                TextForms.File,
                "PEM file with the authorities to trust; empty: those of the system.",
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
                "PEM file with the certificate's private key.",
                m => m.ClientKeyFile,
                (m, v) => m.ClientKeyFile = v
            )
            .Integer(
                "keep_alive_s",
                5,
                3600,
                "Seconds of silence after which a sign of life is sent.",
                m => m.KeepAliveS,
                (m, v) => m.KeepAliveS = v
            )
            .Number(
                "connect_timeout_s",
                1,
                120,
                "Seconds to wait for a connection.",
                m => m.ConnectTimeoutS,
                (m, v) => m.ConnectTimeoutS = v
            )
            .Number(
                "reconnect_max_s",
                1,
                3600,
                "Longest pause between two attempts to connect.",
                m => m.ReconnectMaxS,
                (m, v) => m.ReconnectMaxS = v
            )
            .Integer(
                "outbox_messages",
                1,
                10000,
                "Messages held while off line; the oldest go first.",
                m => m.OutboxMessages,
                (m, v) => m.OutboxMessages = v
            )
            .Integer("outbox_kib", 128, 65536, "Memory for them, in KiB.", m => m.OutboxKib, (m, v) => m.OutboxKib = v)
            .Number(
                "mask_expiry_s",
                0.1,
                3600,
                "Seconds after which an unsent mask is worth nothing.",
                m => m.MaskExpiryS,
                (m, v) => m.MaskExpiryS = v
            );
}
