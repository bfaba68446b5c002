using System.CommandLine;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model</c>: what is done to model bundles.</summary>
internal static class ModelVerb
{
    public static Command Create()
    {
        var command = new Command(
            "model",
            "Model bundles: bring in, look at, sign, roll out. docs/ota.md shows the way from a key to a fleet."
        )
        {
            ModelImportVerb.Create(),
            ModelGoldenVerb.Create(),
            ModelCalibrateVerb.Create(),
            ModelKeygenVerb.Create(),
            ModelPackVerb.Create(),
        };
        foreach (
            var part in ModelSignVerbs
                .Create()
                .Append(ModelPublishVerb.Create())
                .Append(ModelStatusVerb.Create())
                .Append(ModelPlanVerb.Create())
                .Concat(ModelNoticeVerbs.Create())
                .Concat(ModelSlotVerbs.Create())
                .Concat(ModelUseVerbs.Create())
        )
            command.Subcommands.Add(part);
        return command;
    }
}
