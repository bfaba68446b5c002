using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model golden</c>: what a bundle's maker writes into model.json as <c>golden</c>.</summary>
internal static class ModelGoldenVerb
{
    public static Command Create()
    {
        var command = new Command(
            "golden",
            "Prints a model's mask of the self-check's picture, to be written into model.json as "
                + "\"golden\" beside the graph.\n\nExample: edgeseg model golden --model models/squeezesam "
                + "--precision fp32"
        );
        var modelOptions = new ModelOptions(command);
        command.SetAction(parsed =>
        {
            using var model = modelOptions.Load(parsed);
            var answer = SelfCheck.Ask(model.Segmenter);
            if (!answer.Found)
                throw new OperatingException(
                    $"the model finds nothing on the self-check's picture ({answer.Reason}): it cannot have a golden mask"
                );
            Console.WriteLine(SelfCheck.Counts(answer.Mask));
            return ExitCode.Ok;
        });
        return command;
    }
}
