using System.CommandLine;
using EdgeSeg.Evaluation;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model calibrate</c>: the numbers that a bundle's maker writes into model.json as <c>thresholds</c>.</summary>
internal static class ModelCalibrateVerb
{
    public static Command Create()
    {
        var annotations = new Option<string>("--annotations")
        {
            Required = true,
            HelpName = "FILE",
            Description =
                "COCO annotations: photographs of kind \"salient\" and \"none\" give the floor of "
                + "saliency, all other objects the thresholds of automatic masks.",
        };
        var images = new Option<string>("--images")
        {
            Required = true,
            HelpName = "DIR",
            Description = "The photographs that the annotations name.",
        };
        var photos = new Option<int>("--photos")
        {
            HelpName = "N",
            Description = "Photographs for automatic masks, spread over the set; 0: none. Each takes points-per-side squared runs.",
            DefaultValueFactory = _ => 24,
        }.Within(0, 10_000);
        var side = new Option<int>("--points-per-side")
        {
            HelpName = "N",
            Description = "Points on each side of the grid of automatic masks.",
            DefaultValueFactory = _ => 16,
        }.Within(1, 64);
        var command = new Command(
            "calibrate",
            "Measures the thresholds of a bundle on photographs that were not trained on, and prints "
                + "them as JSON, to be written into model.json as \"thresholds\". What they find and miss "
                + "goes to standard error.\n\nExample: edgeseg model calibrate --model models/squeezesam "
                + "--annotations coco.json --images photos/"
        )
        {
            annotations,
            images,
            photos,
            side,
        };
        var modelOptions = new ModelOptions(command);
        command.SetAction(
            (parsed, cancel) =>
                Task.Run(
                    () =>
                    {
                        var source = new CocoPhotos(CocoSet.Read(parsed.GetValue(annotations)!), parsed.GetValue(images)!);
                        using var model = modelOptions.Load(parsed);
                        return new Calibration(model, source, cancel).Run(parsed.GetValue(photos), parsed.GetValue(side));
                    },
                    cancel
                )
        );
        return command;
    }
}
