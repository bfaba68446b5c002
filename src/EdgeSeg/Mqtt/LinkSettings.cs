using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;

namespace EdgeSeg.Mqtt;

/// <summary>
/// From <c>[mqtt]</c> to the embedded broker and to the options of the link. Secrets and certificates are read here only.
/// </summary>
internal static class LinkSettings
{
    private static readonly Dictionary<string, string> variables = Environment
        .GetEnvironmentVariables()
        .Cast<System.Collections.DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);

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
    /// <exception cref="OperatingException">A secret or a certificate cannot be read.</exception>
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

    /// <summary>The path of a secret file after it was read.</summary>
    /// <exception cref="OperatingException">It cannot be read.</exception>
    public static string CheckSecret(string setting)
    {
        SecretFile.Read(setting, variables);
        return SecretFile.Path(setting, variables);
    }

    private static string? Password(MqttSettings mqtt) =>
        mqtt.PasswordFile.Length == 0 ? null : SecretFile.Read(mqtt.PasswordFile, variables);

    /// <summary>A broker that listens on every address is reached on loopback.</summary>
    private static IPAddress Reachable(IPAddress address)
    {
        if (address.Equals(IPAddress.Any))
            return IPAddress.Loopback;
        return address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;
    }

    private static LinkTls Tls(MqttSettings mqtt)
    {
        X509Certificate2Collection? authorities = null;
        if (mqtt.CaFile.Length > 0)
        {
            authorities = Load(
                "mqtt.ca_file",
                mqtt.CaFile,
                path =>
                {
                    X509Certificate2Collection all = [];
                    all.ImportFromPemFile(path);
                    return all;
                }
            );
            if (authorities.Count == 0)
                throw new OperatingException(
                    $"mqtt.ca_file {mqtt.CaFile} contains no certificate: it must be a PEM file (-----BEGIN " + "CERTIFICATE-----)",
                    ExitCode.Usage
                );
        }

        var certificate =
            mqtt.ClientCertFile.Length == 0
                ? null
                : Load("mqtt.client_cert_file", mqtt.ClientCertFile, path => X509Certificate2.CreateFromPemFile(path, Key(mqtt)));
        return new LinkTls { Authorities = authorities, ClientCertificate = certificate };
    }

    private static string? Key(MqttSettings mqtt) => mqtt.ClientKeyFile.Length == 0 ? null : SecretFile.Path(mqtt.ClientKeyFile, variables);

    private static T Load<T>(string key, string file, Func<string, T> load)
    {
        var path = SecretFile.Path(file, variables);
        try
        {
            return load(path);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new OperatingException(
                $"{key} {path} cannot be read ({e.Message}): check the file and its owner; it must be PEM",
                ExitCode.Usage
            );
        }
    }
}
