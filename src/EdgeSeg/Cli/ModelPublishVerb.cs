using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model publish</c>: a signed manifest to a device or a fleet.</summary>
internal sealed class ModelPublishVerb
{
    private readonly Argument<string?> folder = new("dir")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Folder with the signed manifest.",
    };
    private readonly Option<string?> device = new("--device") { HelpName = "ID", Description = "One device." };
    private readonly Option<string?> fleet = new("--fleet") { HelpName = "ID", Description = "All devices of a fleet." };
    private readonly Option<bool> withdraw = new("--withdraw")
    {
        Description = "Clear what was published; no folder is needed. Devices stay as they are.",
    };
    private readonly Option<string?> keys = new("--keys")
    {
        HelpName = "DIR",
        Description = "Check the signatures against these public keys first.",
    };
    private readonly Option<int> threshold = new Option<int>("--threshold")
    {
        HelpName = "N",
        Description = "How many of them must have signed.",
        DefaultValueFactory = _ => 1,
    }.Within(1, ConfigurationLimits.MaxTrustedKeys);
    private readonly Option<int?> keySet = new Option<int?>("--key-set")
    {
        HelpName = "N",
        Description =
            "With --withdraw: the key set of this number instead of the manifest. Devices that have not taken it cannot follow later ones.",
    }.Within(2, UpdateLimits.MaxKeySetNumber);
    private readonly BrokerOptions broker;

    private ModelPublishVerb(Command command)
    {
        command.Arguments.Add(folder);
        foreach (var option in new Option[] { device, fleet, withdraw, keySet, keys, threshold })
            command.Options.Add(option);
        broker = new BrokerOptions(command);
    }

    public static Command Create()
    {
        var command = new Command(
            "publish",
            "Puts a signed manifest on the broker, retained, for a device or a fleet.\n\nExample: "
                + "edgeseg model publish release-12 --fleet north --host broker.example.org --tls --user "
                + "release --password-file release.pw"
        );
        var verb = new ModelPublishVerb(command);
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var options = broker.Link(parsed);
        var prefix = options.Topics.Prefix;
        var (desired, keyChain) = (parsed.GetValue(device), parsed.GetValue(fleet)) switch
        {
            ({ } d, null) => (new Topics(Id(d, "--device"), [], prefix).ModelDesired, new Topics(d, [], prefix).ModelKeys),
            (null, { } f) => (Topics.FleetModelDesired(prefix, Id(f, "--fleet")), Topics.FleetModelKeys(prefix, f)),
            _ => throw new OperatingException("give either --device ID or --fleet ID", ExitCode.Usage),
        };
        if (parsed.GetValue(withdraw))
        {
            var topic = parsed.GetValue(keySet) is { } withdrawn ? $"{keyChain}{withdrawn}" : desired;
            await Publication.RunAsync(options, topic, null, cancel);
            Console.WriteLine($"{topic} is cleared on {options.Host}:{options.Port}");
            return ExitCode.Ok;
        }

        var release = new ReleaseFolder(
            parsed.GetValue(folder)
                ?? throw new OperatingException("name the folder with the signed manifest, or --withdraw", ExitCode.Usage)
        );
        var bytes = release.ReadManifest();
        var manifest = ReleaseFolder.Parse(bytes);
        if (manifest.Expires <= DateTimeOffset.UtcNow)
            throw new OperatingException(
                $"the manifest has expired on {IssueOptions.Shown(manifest.Expires)}: edgeseg model reissue {release.Path} --serial N"
            );
        var envelope = release.Seal(bytes);
        if (parsed.GetValue(keys) is { } trusted)
            ModelSignVerbs.RequireSigned(release, bytes, ModelSignVerbs.TrustedKeys(trusted, parsed.GetValue(threshold)));
        if (manifest.Keys is { } set)
            ModelSignVerbs.RequireOwnThreshold(release, envelope, set);
        // each key set has a topic of its own, so that a device which was off for several rotations finds them all
        var target = manifest.Keys is { } keySetInfo ? $"{keyChain}{keySetInfo.Number}" : desired;
        await Publication.RunAsync(options, target, envelope, cancel);
        ReleaseText.Print(manifest);
        ReleaseText.Line("signatures", string.Join(", ", envelope.Signatures.Select(s => s.Key)));
        ReleaseText.Line("published", $"{target} on {options.Host}:{options.Port}, retained");
        if (manifest.Keys is not null)
            ReleaseText.Line(
                "next",
                "reissue the release in force with a greater serial, sign it with the new keys, publish it; keep this key set on the broker"
            );
        return ExitCode.Ok;
    }

    public static string Id(string id, string option) =>
        Identifier.IsValid(id) ? id : throw new OperatingException($"{option} {id}: must be {Identifier.Form}", ExitCode.Usage);
}
