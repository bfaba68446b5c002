using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>The options that every manifest is issued with.</summary>
internal sealed class IssueOptions
{
    private readonly Option<long> serial = new Option<long>("--serial")
    {
        Required = true,
        HelpName = "N",
        Description = "Number of this manifest: greater than that of every manifest before, whatever it was about.",
    }.Within(1, UpdateLimits.MaxSerial);
    private readonly Option<DateTimeOffset?> expires = Date(
        "--expires",
        $"From then on devices refuse it. Default: in {CliLimits.ManifestDays} days."
    );
    private readonly Option<DateTimeOffset?> notBefore = Date("--not-before", "Devices wait until then.");

    public IssueOptions(Command command)
    {
        command.Options.Add(serial);
        command.Options.Add(expires);
        command.Options.Add(notBefore);
    }

    public Issue Issue(ParseResult parsed)
    {
        var end =
            parsed.GetValue(expires)
            ?? new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date.AddDays(CliLimits.ManifestDays), TimeSpan.Zero);
        if (end <= DateTimeOffset.UtcNow)
            throw new OperatingException($"--expires {Shown(end)}: is in the past, and devices would refuse it", ExitCode.Usage);
        return new Issue(parsed.GetValue(serial), end, parsed.GetValue(notBefore));
    }

    /// <summary>A day (its beginning, UTC) or a time with its zone.</summary>
    public static Option<DateTimeOffset?> Date(string name, string description) =>
        new(name)
        {
            HelpName = "DATE",
            Description = description + " A day (2027-01-31: its beginning, UTC) or a time (2027-01-31T12:00:00Z).",
            CustomParser = r => Parse(name, r),
        };

    public static string Shown(DateTimeOffset at) =>
        at.UtcDateTime.ToString(
            at.UtcDateTime.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ssZ",
            CultureInfo.InvariantCulture
        );

    private static DateTimeOffset? Parse(string name, ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        string[] forms = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK"];
        if (
            DateTimeOffset.TryParseExact(
                text,
                forms,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var at
            )
        )
            return at;
        result.AddError($"{name} {text}: must be a day (2027-01-31) or a time (2027-01-31T12:00:00Z)");
        return null;
    }
}
