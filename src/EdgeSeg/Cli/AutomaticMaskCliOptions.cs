using System.CommandLine;
using System.CommandLine.Parsing;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Cli;

/// <summary>The options of <c>segment</c> for automatic masks; names and meaning are those of SAM's automatic mask generator.</summary>
internal sealed class AutomaticMaskCliOptions
{
    private const double MaxRegionArea = 1e6;

    private readonly Option<bool> everything = new("--everything")
    {
        Description =
            "Every object: asks at each point of a grid and keeps the masks that are sure, stable and distinct. "
            + "One JSON line a mask; their number goes to standard error.",
    };
    private readonly Option<int> side = new("--points-per-side", "--grid")
    {
        HelpName = "N",
        Description = $"Points on each side of that grid, 1 to {AutomaticMaskOptions.MaxPointsPerSide}.",
        DefaultValueFactory = _ => new AutomaticMaskOptions().PointsPerSide,
    };
    private readonly Option<float?> predictedIou = new("--pred-iou-thresh")
    {
        HelpName = "0..1",
        Description = "Least predicted IoU of a mask. Default: the bundle's.",
    };
    private readonly Option<float?> stability = new("--stability-score-thresh")
    {
        HelpName = "0..1",
        Description = "Least stability of a mask. Default: the bundle's.",
    };
    private readonly Option<double?> region = new("--min-mask-region-area")
    {
        HelpName = "PX",
        Description =
            $"Smaller islands are removed and smaller holes filled, in pixels of the photograph. "
            + $"Default: {new AutomaticMaskOptions().MinMaskRegionArea}.",
    };

    public AutomaticMaskCliOptions(Command command)
    {
        side.Validators.Add(r =>
            Require(
                r,
                r.GetValueOrDefault<int>() is >= 1 and <= AutomaticMaskOptions.MaxPointsPerSide,
                $"--points-per-side must be 1..{AutomaticMaskOptions.MaxPointsPerSide}"
            )
        );
        predictedIou.Validators.Add(r =>
            Require(r, r.GetValueOrDefault<float?>() is null or (>= 0 and <= 1), "--pred-iou-thresh must be 0..1")
        );
        stability.Validators.Add(r =>
            Require(r, r.GetValueOrDefault<float?>() is null or (>= 0 and <= 1), "--stability-score-thresh must be 0..1")
        );
        region.Validators.Add(r =>
            Require(
                r,
                r.GetValueOrDefault<double?>() is null or (>= 0 and <= MaxRegionArea),
                $"--min-mask-region-area must be 0..{MaxRegionArea:0}"
            )
        );
        command.Options.Add(everything);
        command.Options.Add(side);
        command.Options.Add(predictedIou);
        command.Options.Add(stability);
        command.Options.Add(region);
    }

    public bool IsAsked(ParseResult parsed) => parsed.GetValue(everything);

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

    private static void Require(OptionResult result, bool isGood, string message)
    {
        if (!isGood)
            result.AddError(message);
    }
}
