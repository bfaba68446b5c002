using System.CommandLine;
using System.Text.Json;
using EdgeSeg.Platform;
using EdgeSeg.Updates;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg canary</c>: the child process in which an update is tested; also for testing a bundle by hand.</summary>
internal static class CanaryVerb
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "The bundle to try, with its cases." };
        var against = new Option<string?>("--against")
        {
            HelpName = "DIR",
            Description = "The bundle in use. Default: the one shipped with edgeseg.",
        };
        var cases = new Option<string>("--cases")
        {
            HelpName = "FILE",
            Description = "File of the bundle with pictures and expected masks.",
            DefaultValueFactory = _ => "canary.json",
        };
        var minIou = new Option<double>("--min-iou")
        {
            HelpName = "N",
            Description = "Least IoU of a mask with the expected one.",
            DefaultValueFactory = _ => new CanaryTerms().MinIou,
        }.Within(0, 1);
        var ratio = new Option<double>("--max-latency-ratio")
        {
            HelpName = "N",
            Description = "Most time, as a multiple of the model in use.",
            DefaultValueFactory = _ => new CanaryTerms().MaxLatencyRatio,
        }.Within(0, 1000);
        var memory = new Option<int>("--max-memory-mib")
        {
            HelpName = "N",
            Description = "Most memory.",
            DefaultValueFactory = _ => new CanaryTerms().MaxMemoryMib,
        }.Within(1, 65_536);
        var command = new Command(
            "canary",
            "Tests a model bundle in a separate process and prints the result as JSON: masks against the expected ones, time "
                + "against the model in use, memory. Updates run it by themselves.\n\nExample: edgeseg canary /media/stick/squeezesam-2"
        )
        {
            folder,
            against,
            cases,
            minIou,
            ratio,
            memory,
        };
        var model = new ModelOptions(command, withFolder: false);
        command.SetAction(parsed =>
        {
            var terms = new CanaryTerms
            {
                Cases = parsed.GetValue(cases)!,
                MinIou = parsed.GetValue(minIou),
                MaxLatencyRatio = parsed.GetValue(ratio),
                MaxMemoryMib = parsed.GetValue(memory),
            };
            CanaryRun.GiveWay(terms.MaxMemoryMib);
            var place = parsed.GetValue(folder)!;
            var result = CanaryRun.Run(() => model.Load(parsed, place), () => model.Load(parsed, parsed.GetValue(against)), place, terms);
            Console.WriteLine(JsonSerializer.Serialize(result, UpdateJson.Default.CanaryResult));
            return result.Reason is null ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }
}
