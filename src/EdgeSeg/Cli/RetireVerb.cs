using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg retire</c>: removes a device from its broker for good, on the device or from elsewhere.</summary>
internal static class RetireVerb
{
    public static Command Create()
    {
        var dead = new Option<string?>("--device")
        {
            HelpName = "ID",
            Description =
                "Another device than this one, for example one that is broken. The user needs the "
                + "right to read and write below its topics.",
        };
        var command = new Command(
            "retire",
            "Clears every retained topic of a device on its broker (status, info, camera states, "
                + "alerts, model state, Home Assistant's discovery), for a device that is taken out of "
                + "service. Stop its service first. Without --device: this device, by its settings.\n\n"
                + "Examples: edgeseg retire --config edgeseg.toml\n          edgeseg retire --device "
                + "robot-7 --host broker.example.org --tls --user admin --password-file admin.pw"
        )
        {
            dead,
        };
        var broker = new BrokerOptions(command);
        command.SetAction(
            (parsed, cancel) =>
            {
                var settings = broker.Settings(parsed);
                if (parsed.GetValue(dead) is not { } given)
                    return RunAsync(
                        settings,
                        DeviceId.Resolve(settings.Device),
                        device => OwnLink(settings, broker, parsed, device),
                        cancel
                    );
                var id = ModelPublishVerb.Id(given, "--device");
                return RunAsync(settings, id, device => broker.Link(parsed, device), cancel);
            }
        );
        return command;
    }

    /// <summary>With the device's own client id, which its broker may ask for.</summary>
    private static LinkOptions OwnLink(Settings settings, BrokerOptions broker, ParseResult parsed, string device)
    {
        if (broker.IsGiven(parsed))
            return broker.Link(parsed, device);
        if (settings.Mqtt.IsEmbedded)
            throw new OperatingException(
                "the embedded broker keeps nothing when the service ends, so there is nothing to retire: name the broker in mqtt.host",
                ExitCode.Usage
            );
        return LinkSettings.Options(settings.Mqtt, null, new Topics(device, [], settings.Mqtt.TopicPrefix), FrameId.NewSession());
    }

    private static async Task<int> RunAsync(Settings settings, string device, Func<string, LinkOptions> link, CancellationToken cancel)
    {
        var options = link(device);
        var retired = await Retirement.RunAsync(options, [HomeAssistantMessage.Topic(settings.HomeAssistant.Prefix, device)], cancel);
        foreach (var topic in retired.Cleared)
            Console.WriteLine(topic);
        Console.WriteLine($"{retired.Cleared.Count} retained topics of {device} cleared on {options.Host}:{options.Port}");
        if (retired.WasOnline)
            Console.WriteLine($"the status of {device} was online: stop the service, or it publishes its topics again");
        foreach (var topic in retired.Refused)
            Console.Error.WriteLine(
                $"{topic}: not cleared, this user may not write there; clear it with an empty retained message as another user"
            );
        return retired.Refused.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }
}
