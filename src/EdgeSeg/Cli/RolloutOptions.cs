using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>The options by which a part of the devices is chosen.</summary>
internal sealed class RolloutOptions
{
    private readonly Option<double?> percent = new("--percent")
    {
        HelpName = "P",
        Description = "Share of the devices that take part, 0..100. Default: all.",
    };
    private readonly Option<string?> salt = new("--salt")
    {
        HelpName = "TEXT",
        Description = "With the same salt a greater share holds the devices of the smaller one. Default: the bundle's name and version.",
    };

    public RolloutOptions(Command command)
    {
        percent.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double?>() is { } p && !(p is >= 0 and <= 100))
                r.AddError("--percent must be 0..100");
        });
        salt.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string?>() is { Length: 0 or > Identifier.MaxLength })
                r.AddError($"--salt must have 1..{Identifier.MaxLength} characters");
        });
        command.Options.Add(percent);
        command.Options.Add(salt);
    }

    public bool HasSalt(ParseResult parsed) => parsed.GetValue(salt) is not null;

    /// <summary>Null: all devices.</summary>
    public Rollout? Rollout(ParseResult parsed, string name, int version)
    {
        if (parsed.GetValue(percent) is { } share)
            return new Rollout { Percent = share, Salt = parsed.GetValue(salt) ?? DefaultSalt(name, version) };
        return parsed.GetValue(salt) is null
            ? null
            : throw new OperatingException("--salt chooses a part of the devices: give --percent as well", ExitCode.Usage);
    }

    private static string DefaultSalt(string name, int version)
    {
        var whole = $"{name}-{version}";
        return whole.Length <= Identifier.MaxLength ? whole : whole[^Identifier.MaxLength..];
    }
}
