using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// The options by which an operator's verb finds its broker: a settings file with [mqtt], or everything on the command line.
/// </summary>
internal sealed class BrokerOptions
{
    private readonly Option<string?> config = new("--config")
    {
        HelpName = "FILE",
        Description = "Settings whose [mqtt] is used. Default: as for run, unless --host is given.",
    };
    private readonly Option<string?> host = new("--host") { HelpName = "NAME", Description = "The broker's name or address." };
    private readonly Option<int> port = new Option<int>("--port")
    {
        HelpName = "N",
        Description = "Its port. Default: 1883, or 8883 with TLS.",
    }.Within(1, 65535);
    private readonly Option<string?> user = new("--user") { HelpName = "NAME", Description = "User name." };
    private readonly Option<string?> passwordFile = new("--password-file")
    {
        HelpName = "FILE",
        Description = "File with the user's password.",
    };
    private readonly Option<bool> tls = new("--tls") { Description = "Encrypt the connection." };
    private readonly Option<string?> authorities = new("--ca-file")
    {
        HelpName = "FILE",
        Description = "Authorities to trust (PEM), with TLS. Default: the system's.",
    };
    private readonly Option<string?> certificate = new("--cert-file")
    {
        HelpName = "FILE",
        Description = "Our certificate (PEM), with TLS.",
    };
    private readonly Option<string?> key = new("--key-file") { HelpName = "FILE", Description = "Its private key (PEM)." };
    private readonly Option<string?> clientId = new("--client-id")
    {
        HelpName = "ID",
        Description = "MQTT client id, where the broker asks for one.",
    };

    private readonly Option<string?> prefix = new("--prefix")
    {
        HelpName = "TOPIC",
        Description = $"Topic prefix of the devices. Default: mqtt.topic_prefix of the settings, else {MqttSettings.DefaultTopicPrefix}.",
    };

    public BrokerOptions(Command command)
    {
        prefix.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string?>() is { } given && !TextForms.TopicPrefix.Fits(given))
                r.AddError($"--prefix {given}: must be {TextForms.TopicPrefix.Allowed}");
        });
        foreach (
            var option in new Option[] { config, host, port, user, passwordFile, tls, authorities, certificate, key, clientId, prefix }
        )
            command.Options.Add(option);
    }

    /// <summary>The settings file that is given, or the default one unless --host is given.</summary>
    public Settings Settings(ParseResult parsed) =>
        parsed.GetValue(host) is null || parsed.GetValue(config) is not null ? RunVerb.Load(parsed, config) : new Settings();

    /// <summary>Whether the command line names a broker.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(host) is not null;

    /// <param name="parsed">The command line.</param>
    /// <param name="device">Whose topics are worked on.</param>
    /// <exception cref="OperatingException">No broker is named, or a file cannot be read.</exception>
    public LinkOptions Link(ParseResult parsed, string device = "operator")
    {
        var mqtt = Settings(parsed).Mqtt;
        // the device's own client id would throw the device off its broker
        mqtt.ClientId = parsed.GetValue(clientId) ?? "";
        mqtt.Host = parsed.GetValue(host) ?? mqtt.Host;
        mqtt.TopicPrefix = parsed.GetValue(prefix) ?? mqtt.TopicPrefix;
        if (parsed.GetValue(port) is > 0 and var n)
            mqtt.Port = n;
        mqtt.Username = parsed.GetValue(user) ?? mqtt.Username;
        mqtt.PasswordFile = parsed.GetValue(passwordFile) ?? mqtt.PasswordFile;
        mqtt.Tls |= parsed.GetValue(tls);
        mqtt.CaFile = parsed.GetValue(authorities) ?? mqtt.CaFile;
        mqtt.ClientCertFile = parsed.GetValue(certificate) ?? mqtt.ClientCertFile;
        mqtt.ClientKeyFile = parsed.GetValue(key) ?? mqtt.ClientKeyFile;
        if (mqtt.IsEmbedded)
            throw new OperatingException(
                "no broker is named: give --host NAME, or --config FILE with mqtt.host (a broker inside edgeseg run is --host 127.0.0.1)",
                ExitCode.Usage
            );
        var isOfCommandLine = parsed.GetValue(host) is not null && parsed.GetValue(config) is null;
        var topics = new Topics(device, [], mqtt.TopicPrefix);
        try
        {
            return LinkSettings.Options(mqtt, null, topics, FrameId.NewSession(), isOfCommandLine: isOfCommandLine);
        }
        catch (OperatingException e) when (isOfCommandLine)
        {
            throw new OperatingException(ConnectErrors.WithOptions(e.Message), e.ExitCode);
        }
    }
}
