using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>The manifests that come without a new bundle: <c>pause</c>, <c>abort</c>, <c>rotate</c>, and <c>reissue</c> of the same one.</summary>
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
                ? "Makes a manifest that stops a roll-out where it is: nothing moves until a manifest with a greater serial."
                : "Makes a manifest that takes a roll-out back: what a device has not called good yet goes.";
        var command = new Command(
            action,
            $"{what} Sign and publish it as any other.\n\nExample: edgeseg model {action} --serial 13 --out {action}-13"
        )
        {
            place,
        };
        var issue = new IssueOptions(command);
        command.SetAction(parsed => Write(parsed.GetValue(place)!, issue.Issue(parsed).Manifest(action)));
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
        };
        var threshold = new Option<int>("--threshold")
        {
            Required = true,
            HelpName = "M",
            Description = "How many of them must sign.",
        };
        var revoke = new Option<string[]>("--revoke")
        {
            HelpName = "ID",
            Description = "Id of a key that is never trusted again; repeat for more.",
        };
        var command = new Command(
            "rotate",
            "Makes a manifest that gives devices other keys. It must be signed by enough of the keys in force now.\n\nExample: edgeseg model rotate --keys keys-2 --number 2 --threshold 2 --revoke 0123456789abcdef0123456789abcdef --serial 14 --out keys-14"
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
            var keys = KeySet.ReadFolder(parsed.GetValue(folder)!, parsed.GetValue(threshold));
            if (keys.Keys.Count == 0)
                throw new OperatingException($"{parsed.GetValue(folder)} holds no *.pem: put the public keys there", ExitCode.Usage);
            var facts = new KeySetInfo
            {
                Number = parsed.GetValue(number),
                Threshold = keys.Threshold,
                Keys = [.. keys.Keys.Select(k => k.Pem)],
                Revoked = parsed.GetValue(revoke) ?? [],
            };
            return Write(parsed.GetValue(place)!, issue.Issue(parsed).Manifest(ManifestRules.Keys) with { Keys = facts });
        });
        return command;
    }

    private static Command Reissue()
    {
        var folder = new Argument<string>("dir") { Description = "A folder that pack made." };
        var command = new Command(
            "reissue",
            "Gives the manifest of a folder a new serial, roll-out and end; the files stay. Its signatures go: sign again.\n\nExample: edgeseg model reissue release-12 --serial 15 --percent 100"
        )
        {
            folder,
        };
        var issue = new IssueOptions(command);
        var rollout = new RolloutOptions(command);
        command.SetAction(parsed =>
        {
            var place = parsed.GetValue(folder)!;
            var old = ReleaseFolder.Parse(new ReleaseFolder(place).ReadManifest());
            if (old.Bundle is not { } bundle)
                throw new OperatingException(
                    $"{place} has no bundle: make a new manifest with edgeseg model {(old.Action == ManifestRules.Keys ? "rotate" : old.Action)}",
                    ExitCode.Usage
                );
            var next = issue.Issue(parsed);
            if (next.Serial <= old.Serial)
                throw new OperatingException(
                    $"--serial {next.Serial}: must be greater than {old.Serial}, or devices refuse it as replayed",
                    ExitCode.Usage
                );
            // the same salt, so that who took part goes on doing so
            var share = rollout.Rollout(parsed, bundle.Name, bundle.Version) is { } given
                ? given with
                {
                    Salt = rollout.HasSalt(parsed) ? given.Salt : old.Rollout?.Salt ?? given.Salt,
                }
                : null;
            return Write(place, next.Manifest(old.Action) with { Bundle = bundle, Rollout = share });
        });
        return command;
    }

    private static int Write(string place, Manifest manifest)
    {
        new ReleaseFolder(place).WriteManifest(manifest);
        ReleaseText.Print(manifest);
        ReleaseText.Line("next", $"edgeseg model sign {place} --key NAME.key");
        return ExitCode.Ok;
    }
}
