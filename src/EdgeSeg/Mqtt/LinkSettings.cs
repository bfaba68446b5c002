using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;

namespace EdgeSeg.Mqtt;

/// <summary>From <c>[mqtt]</c> to a broker of our own and to the link's options; secrets and certificates are read here and nowhere else.</summary>
internal static class LinkSettings
{
    private static readonly Dictionary<string, string> variables = System
        .Environment.GetEnvironmentVariables()
        .Cast<System.Collections.DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);

    /// <summary>The broker inside the process, or null when a real one is configured.</summary>
    /// <param name="mqtt">Settings.</param>
    /// <param name="console">The console's door into it, or null.</param>
    public static async Task<EmbeddedBroker?> StartBrokerAsync(MqttSettings mqtt, WebListener? console = null) =>
        mqtt.IsEmbedded
            ? await EmbeddedBroker.StartAsync(IPAddress.Parse(mqtt.Bind), mqtt.EffectivePort, mqtt.Username, Password(mqtt), console)
            : null;

    /// <param name="mqtt">Settings.</param>
    /// <param name="broker">The embedded broker, if there is one.</param>
    /// <param name="topics">Of this device.</param>
    /// <param name="session">Of this run.</param>
    /// <param name="subscriptions">Topic filters to hear.</param>
    /// <param name="received">Takes what comes on them; it must hand over and return.</param>
    public static LinkOptions Options(
        MqttSettings mqtt,
        EmbeddedBroker? broker,
        Topics topics,
        string session,
        IReadOnlyList<string>? subscriptions = null,
        Action<IncomingMessage>? received = null
    ) =>
        new()
        {
            Host = broker is null ? mqtt.Host : Reachable(broker.Address).ToString(),
            Port = broker?.Port ?? mqtt.EffectivePort,
            Topics = topics,
            Session = session,
            Subscriptions = subscriptions ?? [],
            Received = received,
            ClientId = mqtt.ClientId.Length == 0 ? null : mqtt.ClientId,
            User = mqtt.Username.Length == 0 ? null : mqtt.Username,
            Password = Password(mqtt),
            Tls = broker is null && mqtt.Tls ? Tls(mqtt) : null,
        };

    private static string? Password(MqttSettings mqtt) =>
        mqtt.PasswordFile.Length == 0 ? null : SecretFile.Read(mqtt.PasswordFile, variables);

    /// <summary>A broker that listens on every address is reached on loopback.</summary>
    private static IPAddress Reachable(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback
        : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
        : address;

    private static LinkTls Tls(MqttSettings mqtt)
    {
        try
        {
            X509Certificate2Collection? authorities = null;
            if (mqtt.CaFile.Length > 0)
            {
                authorities = [];
                authorities.ImportFromPemFile(SecretFile.Path(mqtt.CaFile, variables));
            }

            var certificate =
                mqtt.ClientCertFile.Length == 0
                    ? null
                    : X509Certificate2.CreateFromPemFile(
                        SecretFile.Path(mqtt.ClientCertFile, variables),
                        mqtt.ClientKeyFile.Length == 0 ? null : SecretFile.Path(mqtt.ClientKeyFile, variables)
                    );
            return new LinkTls { Authorities = authorities, ClientCertificate = certificate };
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new OperatingException(
                $"mqtt: a certificate or key cannot be read ({e.Message}): check mqtt.ca_file, mqtt.client_cert_file and mqtt.client_key_file (PEM)",
                2
            );
        }
    }
}
