using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model plan</c>: who would take part in a roll-out.</summary>
internal static class ModelPlanVerb
{
    public static Command Create()
    {
        var folder = new Argument<string?>("dir")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "A folder that pack made: its roll-out is shown. Without it the options below define the roll-out.",
        };
        var fleet = new Option<string?>("--fleet")
        {
            HelpName = "ID",
            Description = "Only devices of this fleet. Default: all on the broker.",
        };
        var command = new Command(
            "plan",
            "Lists the devices that would take part in a roll-out, from what they published "
                + "(retained info). Nothing is changed.\n\nExample: edgeseg model plan --fleet north "
                + "--count 2 --host broker.example.org"
        )
        {
            folder,
            fleet,
        };
        var options = new RolloutOptions(command, withFleet: false);
        command.SetAction(
            async (parsed, cancel) =>
            {
                var id = parsed.GetValue(fleet) is { } given ? ModelPublishVerb.Id(given, "--fleet") : null;
                var link = options.Broker.Link(parsed);
                var devices = await FleetReader.ReadAsync(link, id, cancel);
                if (devices.Count == 0)
                    throw new OperatingException(
                        $"no device{(id is null ? "" : $" of the fleet {id}")} has published its info "
                            + $"on {link.Host}:{link.Port}: check --fleet and that the devices run"
                    );
                var rollout = parsed.GetValue(folder) is { } place ? OfFolder(place, options, parsed) : options.Of(parsed, devices);
                foreach (var line in RolloutPlan.Lines(rollout, devices))
                    Console.WriteLine(line);
                return ExitCode.Ok;
            }
        );
        return command;
    }

    private static Rollout? OfFolder(string place, RolloutOptions options, ParseResult parsed)
    {
        if (options.IsGiven(parsed))
            throw new OperatingException("give either a folder or the options of a roll-out", ExitCode.Usage);
        return ReleaseFolder.Parse(new ReleaseFolder(place).ReadManifest()).Rollout;
    }
}
