using System.CommandLine;
using System.Globalization;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg info</c>: what this build is and what it would run, decided as at start.</summary>
internal static class InfoVerb
{
    public static Command Create()
    {
        var command = new Command(
            "info",
            "Shows versions, the model, its precision and why it was chosen, and every limit that matters to a "
                + "client.\n\nExample: edgeseg info --model models/squeezesam"
        );
        var modelOptions = new ModelOptions(command);
        command.SetAction(parsed =>
        {
            using var model = modelOptions.Load(parsed);
            foreach (var (name, version) in SoftwareVersions.All())
                Line(name, version);
            var sam = model.Segmenter;
            Line("model", $"{model.Name} version {model.Version} in {Path.GetFullPath(model.Bundle.Folder)}");
            if (model.SaliencyModel != model)
                Line(
                    "saliency model",
                    $"{model.SaliencyModel.Name} version {model.SaliencyModel.Version} in "
                        + $"{Path.GetFullPath(model.SaliencyModel.Bundle.Folder)}"
                );
            Line("weights licence", model.Bundle.Manifest.WeightsLicence);
            Line("precision", $"{model.Precision}: {model.PrecisionReason}");
            Line(
                "graph",
                $"{model.Graph.File}, SHA-256 {model.Graph.Sha256[..16]}..., input {sam.InputWidth}x{sam.InputHeight}, "
                    + $"{sam.MaskCount} masks, at most {sam.MaxPoints} points"
            );
            Line(
                "provider",
                $"{model.ProviderTitle}, {model.Threads} threads (this runtime has: {string.Join(", ", ExecutionProviders.Available)})"
            );
            foreach (var reason in model.PassedOver)
                Line("passed over", reason);
            Abilities(model);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Abilities(LoadedModel model)
    {
        var sam = model.Segmenter;
        Line(
            "zoom",
            sam.GainsFromZoom
                ? "a second pass on a crop around the object (off with --no-zoom and model.zoom)"
                : "not with this model: one pass on the whole picture"
        );
        Line("negative clicks", sam.AcceptsNegativeClicks ? "understood" : "not understood by this model");
        Line(
            "thresholds",
            model.Thresholds is { } t
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"saliency mean {t.SaliencyMean:0.###}, peak {t.SaliencyPeak:0.###}; measured on {t.From}"
                )
                : "none in the bundle: every salient blob is an object, automatic masks use the published thresholds"
        );
        Line(
            "self-check",
            model.Graph.Golden is null ? "not done: the bundle has no golden mask" : $"IoU with the golden mask at least {SelfCheck.MinIou}"
        );
        Line(
            "limits",
            $"pictures {PictureBounds.MinSide} px to {PictureBounds.MaxPixels / 1_000_000} megapixels, messages "
                + $"{MessageLimits.MaxMessageBytes} bytes, commands {MessageLimits.MaxCommandBytes} bytes"
        );
        var peak = PeakMemory.MiB;
        Line(
            "memory",
            double.IsNaN(peak)
                ? "not reported by this system"
                : string.Create(CultureInfo.InvariantCulture, $"{peak:0} MiB resident at most, model loaded")
        );
    }

    private static void Line(string name, string value) => Console.WriteLine("{0,-16} {1}", name, value);
}
