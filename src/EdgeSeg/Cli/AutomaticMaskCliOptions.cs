using System.CommandLine;
using EdgeSeg.Vision.AutomaticMasks;

namespace EdgeSeg.Cli;

/// <summary>The options by which <c>segment</c> is asked for everything in a picture.</summary>
internal sealed class AutomaticMaskCliOptions
{
    private readonly Option<bool> everything = new("--everything")
    {
        Description = "Every object: asks at each point of a grid, keeps what is sure and stable, drops doubles. One JSON line a mask.",
    };
    private readonly Option<int> grid = new("--grid")
    {
        HelpName = "N",
        Description = $"Points on each side of that grid, 1 to {AutomaticMaskOptions.MaxPointsPerSide}.",
        DefaultValueFactory = _ => new AutomaticMaskOptions().PointsPerSide,
    };

    public AutomaticMaskCliOptions(Command command)
    {
        grid.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > AutomaticMaskOptions.MaxPointsPerSide)
                r.AddError($"--grid must be 1..{AutomaticMaskOptions.MaxPointsPerSide}");
        });
        command.Options.Add(everything);
        command.Options.Add(grid);
    }

    /// <summary>Null: not asked for.</summary>
    public AutomaticMaskOptions? Options(ParseResult parsed) =>
        parsed.GetValue(everything) ? new AutomaticMaskOptions { PointsPerSide = parsed.GetValue(grid) } : null;
}
