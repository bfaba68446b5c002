using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model sign</c> and <c>verify</c>.</summary>
internal static class ModelSignVerbs
{
    public static IEnumerable<Command> Create() => [Sign(), Verify()];

    private static Command Sign()
    {
        var folder = new Argument<string>("dir") { Description = "Folder with manifest.json; the other files need not be there." };
        var key = new Option<string>("--key")
        {
            Required = true,
            HelpName = "FILE",
            Description = "The private key (PEM), on P-256.",
        };
        var passphrase = ModelKeygenVerb.PassphraseOption("File whose first line opens an encrypted key.");
        var command = new Command(
            "sign",
            "Signs a manifest; where several must sign, each does so with a key of their own. Shows "
                + "what is signed.\n\nExample: edgeseg model sign release-12 --key alice.key"
        )
        {
            folder,
            key,
            passphrase,
        };
        command.SetAction(parsed =>
        {
            var release = new ReleaseFolder(parsed.GetValue(folder)!);
            var bytes = release.ReadManifest();
            var manifest = ReleaseFolder.Parse(bytes);
            var path = parsed.GetValue(key)!;
            using var signer = SigningKey.Read(path, parsed.GetValue(passphrase));
            WarnOfReaders(path);
            var file = release.Sign(bytes, signer);
            ReleaseText.Print(manifest);
            ReleaseText.Line("signed by", signer.Id);
            ReleaseText.Line("signature", Path.Combine(release.Path, file));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Verify()
    {
        var folder = new Argument<string>("dir") { Description = "Folder with manifest.json, its signatures and its files." };
        var keys = new Option<string>("--keys")
        {
            Required = true,
            HelpName = "DIR",
            Description = "The public keys (*.pem) to trust, as a device has them.",
        };
        var threshold = new Option<int>("--threshold")
        {
            HelpName = "N",
            Description = "How many of them must have signed.",
            DefaultValueFactory = _ => 1,
        }.Within(1, ConfigurationLimits.MaxTrustedKeys);
        var command = new Command(
            "verify",
            "Checks a folder as a device would: signatures first, then the manifest, then every "
                + "file. Exit code 1 when a device would refuse it.\n\nExample: edgeseg model verify "
                + "release-12 --keys keys --threshold 2"
        )
        {
            folder,
            keys,
            threshold,
        };
        command.SetAction(parsed =>
            Check(new ReleaseFolder(parsed.GetValue(folder)!), TrustedKeys(parsed.GetValue(keys)!, parsed.GetValue(threshold)))
        );
        return command;
    }

    /// <summary>The public keys of a folder that a person names.</summary>
    /// <exception cref="OperatingException">It holds none, or cannot be read.</exception>
    public static KeySet TrustedKeys(string folder, int threshold)
    {
        var keys = KeySet.ReadFolder(folder, threshold);
        return keys.Keys.Count > 0
            ? keys
            : throw new OperatingException(
                $"--keys {folder} {(Directory.Exists(folder) ? "holds no *.pem" : "does not exist")}: name the folder with the public keys",
                ExitCode.Usage
            );
    }

    private static int Check(ReleaseFolder release, KeySet keys)
    {
        var bytes = release.ReadManifest();
        foreach (var file in release.ReadSignatures())
            ReleaseText.Line(file.File, StateOf(file, bytes, keys));
        RequireSigned(release, bytes, keys);
        var manifest = ReleaseFolder.Parse(bytes);
        ReleaseText.Print(manifest);
        if (manifest.Expires <= DateTimeOffset.UtcNow)
            throw new OperatingException(
                $"the manifest has expired on {IssueOptions.Shown(manifest.Expires)}: edgeseg model reissue {release.Path} --serial N"
            );
        if (manifest.Bundle is { } bundle)
        {
            if (release.FileFault(bundle) is { } fault)
                throw new OperatingException($"{release.Path} is not what was signed: {fault}");
            ReleaseText.Line("files", $"{bundle.Files.Count} intact");
        }

        if (manifest.Keys is { } set)
            RequireOwnThreshold(release, release.Seal(bytes), set);
        ReleaseText.Line("result", $"signed by at least {keys.Threshold} of {keys.Keys.Count} trusted keys");
        return ExitCode.Ok;
    }

    /// <exception cref="OperatingException">Not enough of the keys signed.</exception>
    public static void RequireSigned(ReleaseFolder release, byte[] manifest, KeySet keys)
    {
        try
        {
            Verifier.Require(release.Seal(manifest), keys, DateTimeOffset.UtcNow);
        }
        catch (UpdateException e)
        {
            throw new OperatingException($"{release.Path} would be refused ({e.Reason}): {e.Message}");
        }
    }

    /// <exception cref="OperatingException">A key set is not signed by a threshold of its own keys.</exception>
    public static void RequireOwnThreshold(ReleaseFolder release, Envelope envelope, KeySetInfo set)
    {
        try
        {
            Verifier.Require(envelope, KeySet.Of(set), DateTimeOffset.UtcNow);
        }
        catch (UpdateException e)
        {
            throw new OperatingException(
                $"{release.Path} would be refused ({UpdateReason.Threshold}): {set.Threshold} of the "
                    + $"new keys must sign as well as the former ones ({e.Message})"
            );
        }
    }

    /// <summary>The result of checking one signature.</summary>
    private static string StateOf(SignatureFile file, byte[] manifest, KeySet keys)
    {
        try
        {
            Verifier.Require(
                new Envelope
                {
                    V = 1,
                    Manifest = manifest,
                    Signatures = [file.Signature],
                },
                keys with
                {
                    Threshold = 1,
                },
                DateTimeOffset.UtcNow
            );
            return "good";
        }
        catch (UpdateException e)
        {
            return $"{e.Reason}: {e.Message}";
        }
    }

    private static void WarnOfReaders(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if ((File.GetUnixFileMode(path) & others) != 0)
            Verbs.Fail($"warning: others may read {path}: chmod 600 {path}");
    }
}
