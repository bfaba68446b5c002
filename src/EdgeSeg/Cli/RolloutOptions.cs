using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>The options that choose the devices of a roll-out, and the broker that <c>--count</c> needs.</summary>
internal sealed class RolloutOptions
{
    /// <summary>The preview, the first roll-out and a wider one choose by the same salt.</summary>
    private const string CountSalt = "count";

    private readonly Option<bool> all = new("--all") { Description = "Every device takes part." };

    private readonly Option<double?> percent = new Option<double?>("--percent")
    {
        HelpName = "P",
        Description =
            "Share of the devices that take part, 0..100, by a hash of salt and device: of a small fleet it may be none. See --count.",
    }.Within(0, 100);

    private readonly Option<int?> count = new Option<int?>("--count")
    {
        HelpName = "N",
        Description =
            $"Exactly N devices, 1..{UpdateLimits.MaxRolloutDevices}, chosen among those that have published their info on the broker, "
            + "online ones first.",
    }.Within(1, UpdateLimits.MaxRolloutDevices);

    private readonly Option<string[]> devices = new("--devices")
    {
        HelpName = "LIST",
        Description =
            $"These devices, at most {UpdateLimits.MaxRolloutDevices}: ids with commas between, or @FILE with an id on each line.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> tags = new("--tags")
    {
        HelpName = "LIST",
        Description = "Devices with one of these tags (the setting device.tags): tags with commas between. Narrows the other options.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> salt = new("--salt")
    {
        HelpName = "TEXT",
        Description =
            "With the same salt a greater share or count holds the devices of the smaller one. "
            + "Default: for --percent the bundle's name and version, for --count always the same.",
    };

    private readonly Option<string?>? fleet;

    /// <param name="command">Gets the options.</param>
    /// <param name="withFleet">False where the verb has an option --fleet of its own.</param>
    public RolloutOptions(Command command, bool withFleet = true)
    {
        salt.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string?>() is { Length: 0 or > Identifier.MaxLength })
                r.AddError($"--salt must have 1..{Identifier.MaxLength} characters");
        });
        foreach (var option in new Option[] { all, percent, count, devices, tags, salt })
            command.Options.Add(option);
        if (withFleet)
            command.Options.Add(
                fleet = new Option<string?>("--fleet")
                {
                    HelpName = "ID",
                    Description = "With --count: the fleet whose devices are counted. Default: all on the broker.",
                }
            );
        Broker = new BrokerOptions(command);
    }

    public BrokerOptions Broker { get; }

    /// <summary>Whether the command line states which devices take part.</summary>
    public bool IsGiven(ParseResult parsed) =>
        parsed.GetValue(all)
        || parsed.GetValue(percent) is not null
        || parsed.GetValue(count) is not null
        || List(parsed, devices).Count + List(parsed, tags).Count > 0
        || parsed.GetValue(salt) is not null;

    /// <summary>The roll-out that the command line defines; reads the fleet from the broker where --count needs it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="defaultSalt">Used for --percent without --salt.</param>
    /// <param name="cancel">Ends the reading.</param>
    /// <returns>Null: all devices.</returns>
    public async Task<Rollout?> ReadAsync(ParseResult parsed, string defaultSalt, CancellationToken cancel)
    {
        if (parsed.GetValue(count) is null)
            return Of(parsed, [], defaultSalt);
        var id = fleet is not null && parsed.GetValue(fleet) is { } given ? ModelPublishVerb.Id(given, "--fleet") : null;
        var known = await FleetReader.ReadAsync(Broker.Link(parsed), id, cancel);
        var rollout = Of(parsed, known, defaultSalt);
        if (RolloutPlan.Offline(rollout, known) is { } offline)
            Verbs.Fail(offline);
        return rollout;
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="known">The devices to choose from, for --count.</param>
    /// <param name="defaultSalt">Used for --percent without --salt.</param>
    /// <returns>Null: all devices.</returns>
    public Rollout? Of(ParseResult parsed, IReadOnlyList<FleetDevice> known, string defaultSalt = CountSalt)
    {
        var (share, number) = (parsed.GetValue(percent), parsed.GetValue(count));
        var (named, tagged) = (List(parsed, devices), List(parsed, tags));
        if ((parsed.GetValue(all) ? 1 : 0) + (share is null ? 0 : 1) + (number is null ? 0 : 1) + (named.Count > 0 ? 1 : 0) > 1)
            throw new OperatingException("give one of --all, --percent, --count and --devices", ExitCode.Usage);
        if (parsed.GetValue(salt) is not null && share is null && number is null)
            throw new OperatingException("--salt belongs to --percent or --count: give one of them", ExitCode.Usage);
        if (parsed.GetValue(all) && tagged.Count > 0)
            throw new OperatingException("--all and --tags exclude each other", ExitCode.Usage);
        var given = parsed.GetValue(salt);
        IReadOnlyList<string>? wanted = tagged.Count > 0 ? tagged : null;
        IReadOnlyList<string>? chosen =
            number is { } n ? RolloutPlan.Pick(known, n, given ?? CountSalt, wanted)
            : named.Count > 0 ? named
            : null;
        if (share is null && chosen is null && wanted is null)
            return null;
        return new Rollout
        {
            Percent = share ?? 100,
            Salt = given ?? (number is null ? defaultSalt : CountSalt),
            Devices = chosen,
            Tags = wanted,
        };
    }

    /// <summary>Name and version of a bundle, within the length of a salt.</summary>
    public static string DefaultSalt(string name, int version)
    {
        var whole = $"{name}-{version}";
        return whole.Length <= Identifier.MaxLength ? whole : whole[^Identifier.MaxLength..];
    }

    private static List<string> List(ParseResult parsed, Option<string[]> option)
    {
        var words = (parsed.GetValue(option) ?? []).SelectMany(w => w.StartsWith('@') ? Lines(w[1..]) : w.Split(',')).Select(w => w.Trim());
        var ids = words.Where(w => w.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        if (ids.FirstOrDefault(i => !Identifier.IsValid(i)) is { } wrong)
            throw new OperatingException($"{option.Name} {wrong}: must be {Identifier.Form}", ExitCode.Usage);
        return ids;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return new FileInfo(path).Length <= CliLimits.MaxDeviceListBytes
                ? File.ReadAllLines(path)
                : throw new OperatingException(
                    $"{path} has more than {CliLimits.MaxDeviceListBytes} bytes: it is not a list of devices",
                    ExitCode.Usage
                );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path} cannot be read ({e.Message}): check the path", ExitCode.Usage);
        }
    }
}
