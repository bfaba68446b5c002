using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model import</c>: someone else's ONNX files to a bundle.</summary>
internal static class ModelImportVerb
{
    public static Command Create() => new("import", "Makes a bundle of ONNX files that are published elsewhere.") { EfficientSamCommand() };

    private static Command EfficientSamCommand()
    {
        var encoder = new Option<string>("--encoder")
        {
            Required = true,
            HelpName = "FILE",
            Description = "EfficientSAM's encoder, for example efficient_sam_vitt_encoder.onnx.",
        };
        var int8 = new Option<string?>("--encoder-int8")
        {
            HelpName = "FILE",
            Description = "The same encoder in int8, from edgeseg_training quantise; used where the processor gains from it.",
        };
        var decoder = new Option<string>("--decoder")
        {
            Required = true,
            HelpName = "FILE",
            Description = "Its decoder, for example efficient_sam_vitt_decoder.onnx.",
        };
        var name = new Option<string>("--name")
        {
            HelpName = "NAME",
            Description = "Name of the model: letters a-z, digits and -.",
            DefaultValueFactory = _ => EfficientSamImport.DefaultName,
        };
        var place = new Option<string?>("--out")
        {
            HelpName = "DIR",
            Description = "Folder for the bundle, not there yet. Default: the name, in the current folder.",
        };
        name.Validators.Add(r =>
        {
            var given = r.GetValueOrDefault<string>() ?? "";
            if (
                given.Length is 0 or > Identifier.MaxLength
                || !given.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            )
                r.AddError($"--name {given}: must be 1 to {Identifier.MaxLength} of a-z, 0-9 and -");
        });
        var command = new Command(
            "efficientsam",
            "Checks EfficientSAM's two published ONNX files by a trial run and makes a bundle of "
                + "them. They lie in https://github.com/yformer/EfficientSAM under weights/.\n\nExample: "
                + "edgeseg model import efficientsam --encoder efficient_sam_vitt_encoder.onnx --decoder "
                + "efficient_sam_vitt_decoder.onnx"
        )
        {
            encoder,
            int8,
            decoder,
            name,
            place,
        };
        command.SetAction(parsed =>
        {
            var called = parsed.GetValue(name)!;
            var found = EfficientSamImport.Run(
                parsed.GetValue(encoder)!,
                parsed.GetValue(int8),
                parsed.GetValue(decoder)!,
                called,
                parsed.GetValue(place) ?? called,
                threads: 0
            );
            foreach (var (what, value) in found)
                Console.WriteLine("{0,-16} {1}", what, value);
            return ExitCode.Ok;
        });
        return command;
    }
}
