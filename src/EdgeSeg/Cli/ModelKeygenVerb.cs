using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model keygen</c>: a key to sign model updates with.</summary>
internal static class ModelKeygenVerb
{
    public static Option<string?> PassphraseOption(string description) =>
        new("--passphrase-file") { HelpName = "FILE", Description = description };

    public static Command Create()
    {
        var name = new Option<string>("--out")
        {
            Required = true,
            HelpName = "NAME",
            Description = "Writes NAME.key (private, mode 0600) and NAME.pem (public, for the devices). Neither may be there.",
        };
        var expires = IssueOptions.Date("--expires", "Devices stop trusting this key then. Default: never.");
        var passphrase = PassphraseOption("Encrypts NAME.key with the passphrase in the file's first line.");
        var command = new Command(
            "keygen",
            "Makes a key to sign model updates with (ECDSA P-256, PEM as openssl reads it). The "
                + "private one never belongs on a device.\n\nExample: edgeseg model keygen --out alice "
                + "--expires 2028-01-31"
        )
        {
            name,
            expires,
            passphrase,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(expires) <= DateTimeOffset.UtcNow)
                throw new OperatingException("--expires is in the past: no device would accept the key", ExitCode.Usage);
            var place = parsed.GetValue(name)!;
            if (Path.GetFileName(place).Trim().Length == 0)
                throw new OperatingException("--out must end with the name of the key, for example alice", ExitCode.Usage);
            using var key = SigningKey.Create();
            key.Save(place + ".key", place + ".pem", parsed.GetValue(expires), parsed.GetValue(passphrase));
            Console.WriteLine("{0,-16} {1}", "key", key.Id);
            Console.WriteLine("{0,-16} {1}.key: keep it off line, and a copy of it elsewhere", "private", place);
            Console.WriteLine("{0,-16} {1}.pem: into update.keys_dir of every device", "public", place);
            return ExitCode.Ok;
        });
        return command;
    }
}
