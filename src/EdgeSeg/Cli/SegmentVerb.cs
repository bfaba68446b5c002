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
        Description = "JPEG, PNG, BMP, TIFF or WebP files, and videos (MP4, Matroska, AVI).",
    };
    private readonly Option<Click[]> clicks = new("--click")
    {
        HelpName = "X,Y",
        Description =
            "A point on the object, in pixels of the picture as it is displayed, upright (EXIF orientation applied); repeat for more. "
            + "Without click or box the salient object is found automatically.",
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
            "What to make: json (lines on standard output, as on MQTT), polygon (outlines in those lines), overlay and png (files; "
            + "the PNG has 1 bit a pixel). All are in pixels of the picture as it is displayed.",
        DefaultValueFactory = _ => "json",
    };
    private readonly Option<string> outDir = new("--out")
    {
        HelpName = "DIR",
        Description =
            "Folder for the files <photo>-overlay.png and <photo>-mask.png, of a video <video>-overlay.avi and "
            + "<video>-masks/<frame>.png; inputs of one name get their folders' names.",
        DefaultValueFactory = _ => "edgeseg-out",
    };
    private readonly Option<bool> overwrite = new("--overwrite")
    {
        Description = "Replace result files that exist already. Photographs are never replaced.",
    };
    private readonly Option<int?> bitDepth = new Option<int?>("--bit-depth")
    {
        HelpName = "BITS",
        Description = "Significant bits of pictures with 16 bits a sample, 8 to 16; without it they are found from the greatest value.",
    }.Within(8, 16);
    private readonly Option<bool> follow = new("--follow")
    {
        Description =
            "The argument is a video file or a folder of frames: the object of the first frame is followed; overlay: "
            + "<video>-overlay.avi.",
    };
    private readonly Option<int> every = new Option<int>("--every")
    {
        HelpName = "N",
        Description = "Of a video: only frames 1, 1 + N, 1 + 2 N, ...",
        DefaultValueFactory = _ => 1,
    }.Within(1, int.MaxValue);
    private readonly Option<double> minScore = NumberOption.Share("--min-score", "Masks with a lower score count as not found.");
    private readonly Option<double> minArea = NumberOption.Share(
        "--min-area",
        "Masks that cover a smaller share of the picture count as not found."
    );
    private readonly Option<string?> listEmpty = new("--list-empty")
    {
        HelpName = "FILE",
        Description = "Write the photographs in which nothing was found, a path a line; of a video the path, a tab and the frame.",
    };
    private readonly AutomaticMaskCliOptions automaticMasks;
    private readonly ModelOptions modelOptions;
    private readonly Option<bool> noZoom;

    private SegmentVerb(Command command)
    {
        format.Validators.Add(r =>
        {
            var wrong = r.GetValueOrDefault<string>()?.Split(',').FirstOrDefault(f => !formats.Contains(f));
            if (wrong is not null)
                r.AddError($"--format {wrong}: must be one or more of {string.Join(',', formats)}");
        });
        command.Add(photos);
        foreach (
            var option in (Option[])
                [clicks, negative, box, format, outDir, overwrite, bitDepth, every, minScore, minArea, listEmpty, follow]
        )
            command.Add(option);
        automaticMasks = new AutomaticMaskCliOptions(command);
        modelOptions = new ModelOptions(command);
        noZoom = ModelOptions.AddNoZoom(command);
        command.SetAction((parsed, cancel) => Task.Run(() => Run(parsed, cancel), cancel));
    }

    public static Command Create()
    {
        var command = new Command(
            "segment",
            "Segments photographs and videos, or with --follow one object through a video: with clicks or a box the object meant, "
                + "without them the salient one.\n\nExample: edgeseg segment cat.jpg --click 320,200 --format json,overlay --out masks/"
        );
        _ = new SegmentVerb(command);
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancel)
    {
        var wanted = parsed.GetValue(format)!.Split(',');
        var prompt = ToPrompt([.. parsed.GetValue(clicks) ?? [], .. parsed.GetValue(negative) ?? []], parsed.GetValue(box));
        var isAutomatic = automaticMasks.IsAsked(parsed);
        if (isAutomatic && prompt is not null)
            throw new OperatingException("--everything makes its own prompts: leave --click and --box out", ExitCode.Usage);
        if (isAutomatic && wanted.Contains("png"))
            throw new OperatingException("--format png holds one mask: with --everything choose json, polygon or overlay", ExitCode.Usage);
        var inputs = parsed.GetValue(photos)!;
        var isFollowing = parsed.GetValue(follow);
        if (isFollowing && (isAutomatic || wanted.Contains("png") || inputs.Length > 1 || parsed.GetValue(every) > 1))
            throw new OperatingException("--follow takes one video, and neither --everything nor --every nor --format png", ExitCode.Usage);
        bool[] videos = [.. inputs.Select(input => isFollowing || VideoFrames.IsVideo(input))];
        if (parsed.GetValue(every) > 1 && !videos.Contains(true))
            throw new OperatingException(VideoFrames.WhyNone(inputs), ExitCode.Usage);
        using var model = modelOptions.Load(parsed);
        var settings = new SegmentSettings
        {
            Formats = wanted,
            Prompt = prompt,
            AutomaticMasks = isAutomatic ? automaticMasks.Options(parsed, model.Thresholds) : null,
            MinScore = parsed.GetValue(minScore),
            MinArea = parsed.GetValue(minArea),
            BitDepth = parsed.GetValue(bitDepth),
            IsZoomOn = !parsed.GetValue(noZoom),
            Every = parsed.GetValue(every),
        };
        var mayOverwrite = parsed.GetValue(overwrite);
        var files = new OutputFiles(parsed.GetValue(outDir)!, inputs, i => settings.Suffixes(videos[i]), mayOverwrite);
        if (parsed.GetValue(listEmpty) is { Length: > 0 } list && files.IsOutput(list))
            throw new OperatingException($"{list} is a result of this run: choose another file for --list-empty");
        using var empty = new EmptyList(parsed.GetValue(listEmpty), inputs, mayOverwrite);
        if (isFollowing)
        {
            using var following = new VideoFollowing(model, settings);
            return following.Run(inputs[0], [.. files.For(0)], empty, cancel);
        }

        using var segmenting = new PhotoSegmentation(model, settings);
        return segmenting.Run(inputs, videos, files, empty, cancel);
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
