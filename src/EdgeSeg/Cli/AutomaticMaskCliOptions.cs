using System.CommandLine;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Cli;

/// <summary>The options of <c>segment</c> for automatic masks; names and meaning are those of SAM's automatic mask generator.</summary>
internal sealed class AutomaticMaskCliOptions
{
    private const double MaxRegionArea = 1e6;

    private readonly Option<bool> automaticMasks = new("--everything")
    {
        Description =
            "Every object: asks at each point of a grid and keeps the masks that are sure, stable and distinct. "
            + "One JSON line a mask; their number goes to standard error.",
    };
    private readonly Option<int> side = new Option<int>("--points-per-side", "--grid")
    {
        HelpName = "N",
        Description = $"Points on each side of that grid, 1 to {AutomaticMaskOptions.MaxPointsPerSide}.",
        DefaultValueFactory = _ => new AutomaticMaskOptions().PointsPerSide,
    }.Within(1, AutomaticMaskOptions.MaxPointsPerSide);
    private readonly Option<float?> predictedIou = new Option<float?>("--pred-iou-thresh")
    {
        HelpName = "0..1",
        Description = "Least predicted IoU of a mask. Default: the bundle's.",
    }.Within(0, 1);
    private readonly Option<float?> stability = new Option<float?>("--stability-score-thresh")
    {
        HelpName = "0..1",
        Description = "Least stability of a mask. Default: the bundle's.",
    }.Within(0, 1);
    private readonly Option<double?> region = new Option<double?>("--min-mask-region-area")
    {
        HelpName = "PX",
        Description =
            $"Smaller masks and islands are removed and smaller holes filled, in pixels of the photograph. "
            + $"Default: {AutomaticMaskOptions.MinPixels}, or {AutomaticMaskOptions.MinLogits} pixels of the model's own masks, "
            + "whichever is more.",
    }.Within(0, MaxRegionArea);

    public AutomaticMaskCliOptions(Command command)
    {
        command.Options.Add(automaticMasks);
        command.Options.Add(side);
        command.Options.Add(predictedIou);
        command.Options.Add(stability);
        command.Options.Add(region);
    }

    public bool IsAsked(ParseResult parsed) => parsed.GetValue(automaticMasks);

    /// <param name="parsed">The command line.</param>
    /// <param name="thresholds">Of the bundle; null: it has none.</param>
    public AutomaticMaskOptions Options(ParseResult parsed, BundleThresholds? thresholds)
    {
        var ofBundle = AutomaticMaskOptions.For(thresholds);
        return ofBundle with
        {
            PointsPerSide = parsed.GetValue(side),
            PredictedIouThreshold = parsed.GetValue(predictedIou) ?? ofBundle.PredictedIouThreshold,
            StabilityScoreThreshold = parsed.GetValue(stability) ?? ofBundle.StabilityScoreThreshold,
            MinMaskRegionArea = parsed.GetValue(region) ?? ofBundle.MinMaskRegionArea,
        };
    }
}
