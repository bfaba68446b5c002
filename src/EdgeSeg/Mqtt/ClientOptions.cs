using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using MQTTnet;
using MQTTnet.Formatter;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Options of an MQTT client for the broker of a link, whatever the client is for: the service, an operator's command, a check.
/// </summary>
internal static class ClientOptions
{
    /// <summary>The check that explains why a certificate is refused; null without TLS.</summary>
    public static ServerCertificateCheck? CertificateCheck(LinkOptions options) =>
        options.Tls is { } tls ? new ServerCertificateCheck(tls.ServerName ?? options.Host, TimeProvider.System) : null;

    /// <param name="options">The broker.</param>
    /// <param name="clientId">MQTT client id.</param>
    /// <param name="check">From <see cref="CertificateCheck"/>, one for each connection.</param>
    public static MqttClientOptionsBuilder Create(LinkOptions options, string clientId, ServerCertificateCheck? check)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithProtocolVersion(options.Protocol == MqttProtocol.V311 ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500)
            .WithTcpServer(options.Host, options.Port)
            .WithClientId(clientId)
            .WithCleanStart()
            .WithKeepAlivePeriod(options.KeepAlive)
            // the limit of the caller ends first and gives the reason
            .WithTimeout(options.ConnectTimeout + TimeSpan.FromMilliseconds(MqttLimits.BrokerAnswerMs));
        if (options.User is not null)
            builder.WithCredentials(options.User, options.Password);
        if (options.Tls is { } tls && check is not null)
            builder.WithTlsOptions(b => AddTls(b, tls, tls.ServerName ?? options.Host, check));
        return builder;
    }

    private static void AddTls(MqttClientTlsOptionsBuilder builder, LinkTls tls, string name, ServerCertificateCheck check)
    {
        builder
            .UseTls()
            .WithTargetHost(name)
            // the network of a robot often reaches the broker only: waiting for revocation lists would break the connection
            .WithRevocationMode(X509RevocationMode.NoCheck)
            .WithCertificateValidationHandler(shown => check.Accept(shown.Certificate, shown.Chain, shown.SslPolicyErrors));
        if (tls.Authorities is { Count: > 0 })
            builder.WithTrustChain(tls.Authorities);
        if (tls.ClientCertificate is not null)
            builder.WithClientCertificates(new X509Certificate2Collection(tls.ClientCertificate));
    }
}
