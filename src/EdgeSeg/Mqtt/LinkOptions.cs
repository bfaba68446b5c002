using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.Mqtt;

/// <summary>TLS to the broker, certificates already loaded.</summary>
internal sealed class LinkTls
{
    /// <summary>Authorities to trust; null: those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Our certificate with its private key; null: none is sent.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Name that the broker's certificate must have; null: the host.</summary>
    public string? ServerName { get; init; }
}

/// <summary>
/// A received message. The payload is a copy; it is empty, with <see cref="TooLarge"/> set, above
/// <see cref="MessageLimits.MaxCommandBytes"/>.
/// </summary>
internal sealed record IncomingMessage(
    string Topic,
    byte[] Payload,
    bool TooLarge,
    bool Retained,
    string? ResponseTopic,
    byte[]? Correlation,
    uint ExpiryS
);

/// <summary>The broker, the identity and the limits of a link. A class without a printed form: it holds a password.</summary>
internal sealed class LinkOptions
{
    private static readonly MqttSettings defaults = new();

    public required string Host { get; init; }

    public required int Port { get; init; }

    public required Topics Topics { get; init; }

    /// <summary>Identifies this run of the service; see <see cref="FrameId.NewSession"/>.</summary>
    public required string Session { get; init; }

    /// <summary>The broker is named on the command line, without a settings file: remedies name options.</summary>
    public bool IsOfCommandLine { get; init; }

    public MqttProtocol Protocol { get; init; } = defaults.Protocol;

    /// <summary>MQTT client id; null: <c>edgeseg-&lt;device&gt;</c>.</summary>
    public string? ClientId { get; init; }

    /// <summary>Null: plain TCP.</summary>
    public LinkTls? Tls { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(defaults.KeepAliveS);

    /// <summary>Limit for connecting and subscribing together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(defaults.ConnectTimeoutS);

    /// <summary>Longest wait between two attempts to connect.</summary>
    public TimeSpan ReconnectMax { get; init; } = TimeSpan.FromSeconds(defaults.ReconnectMaxS);

    /// <summary>Stream messages that wait; see <see cref="Outbox"/>.</summary>
    public int OutboxMessages { get; init; } = defaults.OutboxMessages;

    /// <summary>Bytes of stream messages that wait.</summary>
    public int OutboxBytes { get; init; } = defaults.OutboxKib << 10;

    /// <summary>A mask that was not sent for so long is dropped.</summary>
    public TimeSpan MaskExpiry { get; init; } = TimeSpan.FromSeconds(defaults.MaskExpiryS);

    /// <summary>Topic filters, subscribed to on every connection at QoS 1.</summary>
    public IReadOnlyList<string> Subscriptions { get; init; } = [];

    /// <summary>Called for each received message, on the thread of the MQTT client: it must hand over and return.</summary>
    public Action<IncomingMessage>? Received { get; init; }
}
