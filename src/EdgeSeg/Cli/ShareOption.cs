using System.CommandLine;

namespace EdgeSeg.Cli;

/// <summary>Options whose value is a share, 0..1, for example the minimums of score and area that several verbs have.</summary>
internal static class ShareOption
{
    /// <summary>An option that is 0 where it is not given.</summary>
    public static Option<double> Create(string name, string description)
    {
        var option = new Option<double>(name) { HelpName = "0..1", Description = description };
        option.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double>() is not (>= 0 and <= 1))
                r.AddError($"{name} must be 0..1");
        });
        return option;
    }
}
