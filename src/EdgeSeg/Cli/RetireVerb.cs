using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg retire</c>: takes a device off its broker for good.</summary>
internal static class RetireVerb
{
    public static Command Create()
    {
        var config = RunVerb.ConfigOption();
        var command = new Command(
            "retire",
            "Clears every retained topic of this device on its broker (status, info, camera states, alerts, model state, Home Assistant's discovery), for a device that is taken out of service. Stop the service first.\n\nExample: edgeseg retire --config edgeseg.toml"
        )
        {
            config,
        };
        command.SetAction((parsed, cancel) => RunAsync(RunVerb.Load(parsed, config), cancel));
        return command;
    }

    private static async Task<int> RunAsync(Settings settings, CancellationToken cancel)
    {
        if (settings.Mqtt.IsEmbedded)
            throw new OperatingException(
                "the embedded broker forgets everything when the service ends: there is nothing to retire; name the broker in mqtt.host",
                ExitCode.Usage
            );
        var device = DeviceId.Resolve(settings.Device);
        var options = LinkSettings.Options(settings.Mqtt, null, new Topics(device, []), FrameId.NewSession());
        var retired = await Retirement.RunAsync(options, [HomeAssistantMessage.Topic(settings.HomeAssistant.Prefix, device)], cancel);
        foreach (var topic in retired.Cleared)
            Console.WriteLine(topic);
        Console.WriteLine($"{retired.Cleared.Count} retained topics of {device} cleared on {options.Host}:{options.Port}");
        if (retired.WasAtWork)
            Console.WriteLine($"{device} said that it was at work: unless it is stopped, its topics come again");
        return ExitCode.Ok;
    }
}
