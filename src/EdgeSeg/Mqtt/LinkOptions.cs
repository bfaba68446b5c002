using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Messages;

namespace EdgeSeg.Mqtt;

/// <summary>TLS towards the broker, certificates already loaded. Without an authority the system's own are trusted.</summary>
internal sealed class LinkTls
{
    /// <summary>Certificates that may sign the broker's; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Ours, with its private key; null: none shown.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>The name that the broker's certificate must carry; null: the host.</summary>
    public string? ServerName { get; init; }
}

/// <summary>A message that came for us. The payload is a copy; it is empty, with <see cref="TooLarge"/> set, beyond <see cref="MessageLimits.MaxCommandBytes"/>.</summary>
internal sealed record IncomingMessage(
    string Topic,
    byte[] Payload,
    bool TooLarge,
    bool Retained,
    string? ResponseTopic,
    byte[]? Correlation,
    uint ExpiryS
);

/// <summary>Where and as whom the link connects. A class without a printed form: it holds a password.</summary>
internal sealed class LinkOptions
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required Topics Topics { get; init; }

    /// <summary>Names this run of the service; see <see cref="FrameId.NewSession"/>.</summary>
    public required string Session { get; init; }

    /// <summary>MQTT client id; null: <c>edgeseg-&lt;device&gt;</c>.</summary>
    public string? ClientId { get; init; }

    /// <summary>Null: plain TCP.</summary>
    public LinkTls? Tls { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Topic filters subscribed to on every connection, at QoS 1.</summary>
    public IReadOnlyList<string> Subscriptions { get; init; } = [];

    /// <summary>Called for each message that comes, on the MQTT client's thread: it must hand over and return.</summary>
    public Action<IncomingMessage>? Received { get; init; }
}
