using System.Net;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;

namespace EdgeSeg.Mqtt;

/// <summary>
/// From <c>[mqtt]</c> to the embedded broker and to the options of the link. Secrets and certificates are read here only.
/// </summary>
internal static class LinkSettings
{
    /// <summary>The broker inside the process; null when an external one is configured.</summary>
    /// <param name="mqtt">Settings.</param>
    /// <param name="console">Listener whose WebSocket connects to the broker too; null: none.</param>
    public static async Task<EmbeddedBroker?> StartBrokerAsync(MqttSettings mqtt, WebListener? console = null) =>
        mqtt.IsEmbedded
            ? await EmbeddedBroker.StartAsync(IPAddress.Parse(mqtt.Bind), mqtt.EffectivePort, mqtt.Username, Password(mqtt), console)
            : null;

    /// <param name="mqtt">Settings.</param>
    /// <param name="broker">The embedded broker, if there is one.</param>
    /// <param name="topics">Of this device.</param>
    /// <param name="session">Of this run.</param>
    /// <param name="subscriptions">Topic filters.</param>
    /// <param name="received">Called for each message on them; it must hand over and return.</param>
    /// <param name="isOfCommandLine">The settings are options of a command.</param>
    /// <exception cref="OperatingException">A secret or a certificate cannot be read.</exception>
    public static LinkOptions Options(
        MqttSettings mqtt,
        EmbeddedBroker? broker,
        Topics topics,
        string session,
        IReadOnlyList<string>? subscriptions = null,
        Action<IncomingMessage>? received = null,
        bool isOfCommandLine = false
    ) =>
        new()
        {
            Host = broker is null ? mqtt.Host : Reachable(broker.Address).ToString(),
            Port = broker?.Port ?? mqtt.EffectivePort,
            Topics = topics,
            Session = session,
            Subscriptions = subscriptions ?? [],
            Received = received,
            IsOfCommandLine = isOfCommandLine,
            Protocol = mqtt.Protocol,
            ClientId = mqtt.ClientId.Length == 0 ? null : mqtt.ClientId,
            User = mqtt.Username.Length == 0 ? null : mqtt.Username,
            Password = Password(mqtt),
            Tls = broker is null && mqtt.Tls ? Tls(mqtt) : null,
            KeepAlive = TimeSpan.FromSeconds(mqtt.KeepAliveS),
            ConnectTimeout = TimeSpan.FromSeconds(mqtt.ConnectTimeoutS),
            ReconnectMax = TimeSpan.FromSeconds(mqtt.ReconnectMaxS),
            OutboxMessages = mqtt.OutboxMessages,
            OutboxBytes = mqtt.OutboxKib << 10,
            MaskExpiry = TimeSpan.FromSeconds(mqtt.MaskExpiryS),
        };

    private static string? Password(MqttSettings mqtt) =>
        mqtt.PasswordFile.Length == 0 ? null : SecretFile.Read("mqtt.password_file", mqtt.PasswordFile);

    /// <summary>A broker that listens on every address is reached on loopback.</summary>
    private static IPAddress Reachable(IPAddress address)
    {
        if (address.Equals(IPAddress.Any))
            return IPAddress.Loopback;
        return address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;
    }

    private static LinkTls Tls(MqttSettings mqtt)
    {
        var certificate =
            mqtt.ClientCertFile.Length == 0
                ? null
                : PemFiles.ClientCertificate(
                    SecretFile.Path("mqtt.client_cert_file", mqtt.ClientCertFile),
                    mqtt.ClientKeyFile.Length == 0 ? null : SecretFile.Path("mqtt.client_key_file", mqtt.ClientKeyFile)
                );
        return new LinkTls { Authorities = PemFiles.Authorities("mqtt.ca_file", mqtt.CaFile), ClientCertificate = certificate };
    }
}
