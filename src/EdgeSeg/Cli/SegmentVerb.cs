using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg segment</c>: photographs in, masks out as JSON lines and pictures.</summary>
internal sealed class SegmentVerb
{
    private static readonly string[] formats = ["json", "overlay", "png", "polygon"];

    private readonly Argument<string[]> photos = new("photo")
    {
        Arity = ArgumentArity.OneOrMore,
        Description = "JPEG, PNG, BMP, TIFF or WebP files.",
    };
    private readonly Option<Click[]> clicks = new("--click")
    {
        HelpName = "X,Y",
        Description = "A point on the object, in pixels; repeat for more. Without click or box the salient object is found automatically.",
        CustomParser = r => [.. r.Tokens.Select(t => ParseClick(t.Value, r, "--click"))],
    };
    private readonly Option<Click[]> negative = new("--negative-click")
    {
        HelpName = "X,Y",
        Description = "A point off the object, in pixels; repeat for more. Only for models that understand it (edgeseg info).",
        CustomParser = r => [.. r.Tokens.Select(t => ParseClick(t.Value, r, "--negative-click") with { IsNegative = true })],
    };
    private readonly Option<Box?> box = new("--box")
    {
        HelpName = "X0,Y0,X1,Y1",
        Description = "A box around the object, in pixels: left, top, right, bottom.",
        CustomParser = r => ParseBox(r),
    };
    private readonly Option<string> format = new("--format")
    {
        HelpName = string.Join(',', formats),
        Description =
            "What to make: json (lines on standard output, as on MQTT), polygon (outlines in those lines), overlay and png (files).",
        DefaultValueFactory = _ => "json",
    };
    private readonly Option<string> outDir = new("--out")
    {
        HelpName = "DIR",
        Description = "Folder for the files <photo>-overlay.png and <photo>-mask.png; photographs of one name get their folders' names.",
        DefaultValueFactory = _ => "edgeseg-out",
    };
    private readonly Option<bool> overwrite = new("--overwrite")
    {
        Description = "Replace result files that exist already. Photographs are never replaced.",
    };
    private readonly Option<int?> bitDepth = new("--bit-depth")
    {
        HelpName = "BITS",
        Description = "Significant bits of pictures with 16 bits a sample, 8 to 16; without it they are found from the greatest value.",
    };
    private readonly Option<bool> follow = new("--follow")
    {
        Description =
            "The argument is a video file or a folder of frames: the object of the first frame is followed; overlay: "
            + "<video>-overlay.avi.",
    };
    private readonly AutomaticMaskCliOptions everything;
    private readonly ModelOptions modelOptions;
    private readonly Option<bool> noZoom;

    private SegmentVerb(Command command)
    {
        bitDepth.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() is < 8 or > 16)
                r.AddError("--bit-depth must be 8 to 16");
        });
        format.Validators.Add(r =>
        {
            var wrong = r.GetValueOrDefault<string>()?.Split(',').FirstOrDefault(f => !formats.Contains(f));
            if (wrong is not null)
                r.AddError($"--format {wrong}: must be one or more of {string.Join(',', formats)}");
        });
        command.Add(photos);
        foreach (var option in (Option[])[clicks, negative, box, format, outDir, overwrite, bitDepth, follow])
            command.Add(option);
        everything = new AutomaticMaskCliOptions(command);
        modelOptions = new ModelOptions(command);
        noZoom = ModelOptions.AddNoZoom(command);
        command.SetAction(Run);
    }

    public static Command Create()
    {
        var command = new Command(
            "segment",
            "Segments photographs, or with --follow an object in a video: with clicks or a box the object meant, without them "
                + "the salient one.\n\nExample: edgeseg segment cat.jpg --click 320,200 --format json,overlay --out masks/"
        );
        _ = new SegmentVerb(command);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var wanted = parsed.GetValue(format)!.Split(',');
        var prompt = ToPrompt([.. parsed.GetValue(clicks) ?? [], .. parsed.GetValue(negative) ?? []], parsed.GetValue(box));
        var isEverything = everything.IsAsked(parsed);
        if (isEverything && prompt is not null)
            throw new OperatingException("--everything asks by itself: leave --click and --box out", ExitCode.Usage);
        if (isEverything && wanted.Contains("png"))
            throw new OperatingException("--format png holds one mask: with --everything choose json, polygon or overlay", ExitCode.Usage);
        var inputs = parsed.GetValue(photos)!;
        var isFollowing = parsed.GetValue(follow);
        if (isFollowing && (isEverything || wanted.Contains("png") || inputs.Length > 1))
            throw new OperatingException("--follow takes one video, and neither --everything nor --format png", ExitCode.Usage);
        using var model = modelOptions.Load(parsed);
        if (isFollowing)
        {
            using var following = new VideoFollowing(model, prompt, wanted, parsed.GetValue(outDir)!, !parsed.GetValue(noZoom));
            return following.Run(inputs[0]);
        }

        var all = isEverything ? everything.Options(parsed, model.Bundle.Manifest.Thresholds) : null;
        var files = new OutputFiles(parsed.GetValue(outDir)!, inputs, PhotoSegmentation.Suffixes(wanted), parsed.GetValue(overwrite));
        using var segmenting = new PhotoSegmentation(model, prompt, wanted, all, parsed.GetValue(bitDepth), !parsed.GetValue(noZoom));
        return segmenting.Run(inputs, files);
    }

    private static PromptBuffer? ToPrompt(Click[] clicks, Box? box)
    {
        if (clicks.Length == 0 && box is null)
            return null;
        if (PromptRules.CheckCount(clicks.Length, box is not null, PromptBuffer.MaxPoints) is { } wrongCount)
            throw new OperatingException(wrongCount, ExitCode.Usage);
        var prompt = new PromptBuffer { Box = box, Source = clicks.Length > 0 ? PromptSource.Click : PromptSource.Box };
        foreach (var click in clicks)
            prompt.Add(click);
        return prompt;
    }

    private static Click ParseClick(string text, ArgumentResult result, string option)
    {
        if (Numbers(text, 2) is [var x, var y])
            return new Click(x, y);
        result.AddError($"{option} {text}: must be X,Y in pixels, for example {option} 320,200");
        return default;
    }

    private static Box? ParseBox(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Numbers(text, 4) is not [var x0, var y0, var x1, var y1])
        {
            result.AddError($"--box {text}: must be X0,Y0,X1,Y1 in pixels, for example --box 100,80,420,360");
            return null;
        }

        if (!(x1 > x0 && y1 > y0))
            result.AddError($"--box {text}: has no area: right must be greater than left, bottom greater than top");
        return new Box(x0, y0, x1, y1);
    }

    private static float[]? Numbers(string text, int count)
    {
        var parts = text.Split(',');
        var numbers = new float[count];
        if (parts.Length != count)
            return null;
        for (var i = 0; i < count; i++)
        {
            if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) || !float.IsFinite(numbers[i]))
                return null;
        }

        return numbers;
    }
}
