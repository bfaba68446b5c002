using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// The manifests that come without a new bundle: <c>pause</c>, <c>abort</c>, <c>rotate</c>, and <c>reissue</c> of the same one.
/// </summary>
internal static class ModelNoticeVerbs
{
    public static IEnumerable<Command> Create() => [Plain(ManifestRules.Pause), Plain(ManifestRules.Abort), Rotate(), Reissue()];

    private static Option<string> PlaceOption() =>
        new("--out")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder for manifest.json; made where it is not there.",
        };

    private static Command Plain(string action)
    {
        var place = PlaceOption();
        var what =
            action == ManifestRules.Pause
                ? "Makes a manifest that stops a roll-out: no device goes on until a manifest with a greater serial."
                : "Makes a manifest that aborts a roll-out: a model on trial is rolled back.";
        var command = new Command(
            action,
            $"{what} Sign and publish it as any other.\n\nExample: edgeseg model {action} --serial 13 --out {action}-13"
        )
        {
            place,
        };
        var issue = new IssueOptions(command);
        command.SetAction(parsed => WriteNew(parsed.GetValue(place)!, issue.Issue(parsed).Manifest(action)));
        return command;
    }

    private static Command Rotate()
    {
        var place = PlaceOption();
        var folder = new Option<string>("--keys")
        {
            Required = true,
            HelpName = "DIR",
            Description = "The public keys (*.pem) that devices trust from now on, and no others.",
        };
        var number = new Option<int>("--number")
        {
            Required = true,
            HelpName = "N",
            Description = "Number of the new key set: 2 for the first one after the keys of the settings, then one more each time.",
        }.Within(2, UpdateLimits.MaxKeySetNumber);
        var threshold = new Option<int>("--threshold")
        {
            Required = true,
            HelpName = "M",
            Description = "How many of them must sign.",
        }.Within(1, ConfigurationLimits.MaxTrustedKeys);
        var revoke = new Option<string[]>("--revoke")
        {
            HelpName = "ID",
            Description = "Id of a key that is never trusted again; repeat for more.",
        };
        var command = new Command(
            "rotate",
            "Makes a key set: devices trust these keys from now on. As in TUF it must be signed by a "
                + "threshold of the keys in force and by a threshold of the new keys.\n\nExample: edgeseg "
                + "model rotate --keys keys-2 --number 2 --threshold 2 --revoke "
                + "0123456789abcdef0123456789abcdef --serial 14 --out keys-14"
        )
        {
            folder,
            number,
            threshold,
            revoke,
            place,
        };
        var issue = new IssueOptions(command);
        command.SetAction(parsed =>
        {
            var keys = ModelSignVerbs.TrustedKeys(parsed.GetValue(folder)!, parsed.GetValue(threshold));
            var info = new KeySetInfo
            {
                Number = parsed.GetValue(number),
                Threshold = keys.Threshold,
                Keys = [.. keys.Keys.Select(k => k.Pem)],
                Revoked = parsed.GetValue(revoke) ?? [],
            };
            return WriteNew(parsed.GetValue(place)!, issue.Issue(parsed).Manifest(ManifestRules.Keys) with { Keys = info });
        });
        return command;
    }

    private static Command Reissue()
    {
        var folder = new Argument<string>("dir") { Description = "A folder that pack, rotate, pause or abort made." };
        var command = new Command(
            "reissue",
            "Gives the manifest of a folder a new serial and expiry; its files stay. The same "
                + "devices take part unless --all, --percent, --count, --devices or --tags says which. Its "
                + "signatures are removed: sign again.\n\nExample: edgeseg model reissue release-12 "
                + "--serial 15 --percent 100"
        )
        {
            folder,
        };
        var issue = new IssueOptions(command);
        var rollout = new RolloutOptions(command);
        command.SetAction(
            async (parsed, cancel) =>
            {
                var place = parsed.GetValue(folder)!;
                var old = ReleaseFolder.Parse(new ReleaseFolder(place).ReadManifest());
                var next = issue.Issue(parsed);
                if (next.Serial <= old.Serial)
                    throw new OperatingException(
                        $"--serial {next.Serial}: must be greater than {old.Serial}, or devices refuse it as replayed",
                        ExitCode.Usage
                    );
                if (old.Bundle is null && rollout.IsGiven(parsed))
                    throw new OperatingException($"{place} has no bundle, so it has no roll-out: leave these options out", ExitCode.Usage);
                var share = await RolloutAsync(old, rollout, parsed, cancel);
                return Write(place, next.Manifest(old.Action) with { Bundle = old.Bundle, Keys = old.Keys, Rollout = share });
            }
        );
        return command;
    }

    /// <summary>The old roll-out unless another is given; with the old salt, so that devices which took part go on doing so.</summary>
    private static async Task<Rollout?> RolloutAsync(Manifest old, RolloutOptions options, ParseResult parsed, CancellationToken cancel)
    {
        if (old.Bundle is not { } bundle || !options.IsGiven(parsed))
            return old.Rollout;
        var salt = old.Rollout?.Salt ?? RolloutOptions.DefaultSalt(bundle.Name, bundle.Version);
        return await options.ReadAsync(parsed, salt, cancel);
    }

    /// <exception cref="OperatingException">The folder holds a manifest: it would lose its signatures.</exception>
    private static int WriteNew(string place, Manifest manifest)
    {
        if (Path.Exists(Path.Combine(place, ReleaseFolder.ManifestName)))
            throw new OperatingException($"{place} holds a manifest already: choose another folder with --out", ExitCode.Usage);
        return Write(place, manifest);
    }

    private static int Write(string place, Manifest manifest)
    {
        new ReleaseFolder(place).WriteManifest(manifest);
        ReleaseText.Print(manifest);
        var signers = manifest.Keys is { } set ? $" (a threshold of the former keys, and {set.Threshold} of the new ones)" : "";
        ReleaseText.Line("next", $"edgeseg model sign {place} --key NAME.key{signers}");
        return ExitCode.Ok;
    }
}
