using System.CommandLine;
using EdgeSeg.Masks;

namespace EdgeSeg.Verbs;

/// <summary>The options by which <c>segment</c> is asked for everything in a picture.</summary>
internal sealed class EverythingOption
{
    private readonly Option<bool> everything = new("--everything") { Description = "Every object: asks at each point of a grid, keeps what is sure and stable, drops doubles. One JSON line a mask." };
    private readonly Option<int> grid = new("--grid") { HelpName = "N", Description = $"Points on each side of that grid, 1 to {Limits.MaxEverythingGrid}.", DefaultValueFactory = _ => new EverythingOptions().Grid };

    public EverythingOption(Command command)
    {
        grid.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > Limits.MaxEverythingGrid) r.AddError($"--grid must be 1..{Limits.MaxEverythingGrid}");
        });
        command.Options.Add(everything);
        command.Options.Add(grid);
    }

    /// <summary>Null: not asked for.</summary>
    public EverythingOptions? Options(ParseResult parsed) => parsed.GetValue(everything) ? new EverythingOptions { Grid = parsed.GetValue(grid) } : null;
}
