using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model pack</c>: a bundle becomes a folder to sign and to serve.</summary>
internal sealed class ModelPackVerb
{
    private readonly Argument<string> folder = new("folder") { Description = "The bundle: model.json and its ONNX files." };
    private readonly Option<string> place = new("--out")
    {
        Required = true,
        HelpName = "DIR",
        Description = "Folder for manifest.json and the files that are served; not there yet, or empty.",
    };
    private readonly Option<string> url = new("--url")
    {
        Required = true,
        HelpName = "URL",
        Description = "Where devices will find those files: https://, http:// (where a device allows it) or file:// (a stick).",
    };
    private readonly Option<int?> version = new Option<int?>("--version")
    {
        HelpName = "N",
        Description = "Version of the bundle, a counter that only increases. Default: that of model.json.",
    }.Within(1, int.MaxValue);
    private readonly Option<string[]> images = new("--images")
    {
        HelpName = "PATH",
        Description =
            $"Photographs of the canary, or folders of them, at most {CliLimits.MaxCanaryPhotos}; "
            + $"repeat for more. Default: {CliLimits.DefaultCanaryPhotos} of the demo's.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string> minEdgeseg = new("--min-edgeseg")
    {
        HelpName = "V",
        Description = "Least edgeseg version.",
        DefaultValueFactory = _ => "0",
    };
    private readonly Option<string> minRuntime = new("--min-runtime")
    {
        HelpName = "V",
        Description = "Least ONNX Runtime version.",
        DefaultValueFactory = _ => "0",
    };
    private readonly Option<string[]> machines = new("--machine")
    {
        HelpName = "M",
        Description = "A machine it may run on, as edgeseg info names it (linux-x64, linux-arm64); repeat for more. Default: any.",
    };
    private readonly Option<string[]> boards = new("--board")
    {
        HelpName = "B",
        Description = "Beginning of a board's name, as the device tree has it; repeat for more. Default: any.",
    };
    private readonly Option<Dictionary<string, double>> quality = new("--quality")
    {
        HelpName = "NAME=X",
        Description = "A figure for people and dashboards, for example miou=0.77; repeat for more.",
        CustomParser = Figures,
    };
    private readonly Option<double> minIou = new Option<double>("--min-iou")
    {
        HelpName = "X",
        Description = "Least IoU of each canary mask with the expected one, 0.5..1.",
        DefaultValueFactory = _ => new CanaryTerms().MinIou,
    }.Within(0.5, 1);
    private readonly Option<double> latency = new Option<double>("--max-latency-ratio")
    {
        HelpName = "X",
        Description = "Most time that it may take, as a multiple of the model in use.",
        DefaultValueFactory = _ => new CanaryTerms().MaxLatencyRatio,
    }.Within(0.01, 100);
    private readonly Option<int> memory = new Option<int>("--max-memory-mib")
    {
        HelpName = "N",
        Description = "Most memory of the canary's process.",
        DefaultValueFactory = _ => new CanaryTerms().MaxMemoryMib,
    }.Within(64, 65_536);
    private readonly Option<int> frames = new Option<int>("--live-frames")
    {
        HelpName = "N",
        Description = "Live results to look at before it is called good.",
        DefaultValueFactory = _ => new LiveTerms().Frames,
    }.Within(1, UpdateLimits.MaxLiveFrames);
    private readonly Option<double> foundDrop = new Option<double>("--live-found-drop")
    {
        HelpName = "X",
        Description = "Most that the share of frames with something found may fall, 0..1.",
        DefaultValueFactory = _ => new LiveTerms().FoundRateDrop,
    }.Within(0, 1);
    private readonly Option<double> iouDrop = new Option<double>("--live-iou-drop")
    {
        HelpName = "X",
        Description = "Most that the mean predicted IoU may fall, 0..1.",
        DefaultValueFactory = _ => new LiveTerms().PredictedIouDrop,
    }.Within(0, 1);
    private readonly Option<double> areaFactor = new Option<double>("--live-area-factor")
    {
        HelpName = "X",
        Description = "Most that the mean mask area may grow or shrink, as a factor.",
        DefaultValueFactory = _ => new LiveTerms().AreaFactor,
    }.Within(1, 1000);
    private readonly Option<int> wait = new Option<int>("--live-wait-s")
    {
        HelpName = "S",
        Description = "Seconds after which the canary's result suffices when there are too few results.",
        DefaultValueFactory = _ => new LiveTerms().WaitS,
    }.Within(1, 30 * 86_400);
    private readonly IssueOptions issue;
    private readonly RolloutOptions rollout;

    private ModelPackVerb(Command command)
    {
        command.Arguments.Add(folder);
        foreach (var option in new Option[] { place, url, version, images })
            command.Options.Add(option);
        issue = new IssueOptions(command);
        rollout = new RolloutOptions(command);
        foreach (
            var option in new Option[]
            {
                minEdgeseg,
                minRuntime,
                machines,
                boards,
                quality,
                minIou,
                latency,
                memory,
                frames,
                foundDrop,
                iouDrop,
                areaFactor,
                wait,
            }
        )
            command.Options.Add(option);
    }

    public static Command Create()
    {
        var command = new Command(
            "pack",
            "Makes a folder to sign and to serve of a model bundle: checks it, runs it on "
                + "photographs so that devices can try it before they use it, and writes manifest.json.\n\n"
                + "Example: edgeseg model pack models/squeezesam --version 7 --serial 12 --url "
                + "https://models.example.org/squeezesam-7/ --out release-12 --percent 50"
        );
        var verb = new ModelPackVerb(command);
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var from = parsed.GetValue(folder)!;
        var bundle = ModelBundle.Open(from).Manifest;
        var address = parsed.GetValue(url)!;
        var order = new PackOrder
        {
            Folder = from,
            Place = parsed.GetValue(place)!,
            Url = Folder(address),
            Issue = issue.Issue(parsed),
            Version = parsed.GetValue(version),
            Photos = Photos(parsed.GetValue(images) ?? []),
            Rollout = await rollout.ReadAsync(
                parsed,
                RolloutOptions.DefaultSalt(bundle.Name, parsed.GetValue(version) ?? bundle.Version),
                cancel
            ),
            Compatible = new Compatible
            {
                Machines = parsed.GetValue(machines) ?? [],
                Boards = parsed.GetValue(boards) ?? [],
                MinEdgeseg = parsed.GetValue(minEdgeseg)!,
                MinRuntime = parsed.GetValue(minRuntime)!,
            },
            Quality = parsed.GetValue(quality) ?? [],
            Canary = new CanaryTerms
            {
                MinIou = parsed.GetValue(minIou),
                MaxLatencyRatio = parsed.GetValue(latency),
                MaxMemoryMib = parsed.GetValue(memory),
            },
            Live = new LiveTerms
            {
                Frames = parsed.GetValue(frames),
                FoundRateDrop = parsed.GetValue(foundDrop),
                PredictedIouDrop = parsed.GetValue(iouDrop),
                AreaFactor = parsed.GetValue(areaFactor),
                WaitS = parsed.GetValue(wait),
            },
        };
        if (!Uri.TryCreate(order.Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http" or "file"))
            throw new OperatingException($"--url {address}: must begin with https://, http:// or file://", ExitCode.Usage);
        Packed packed;
        using (var bar = new ProgressBar("pack"))
            packed = Packing.Run(order, bar.Show);
        foreach (var left in packed.Dropped)
            Console.WriteLine("{0,-16} {1}", "left out", left);
        ReleaseText.Print(packed.Manifest);
        Console.WriteLine(
            string.Format(
                CultureInfo.InvariantCulture,
                "{0,-16} {1} cases, IoU between precisions at least {2:0.000}",
                "canary",
                packed.Cases,
                packed.Agreement
            )
        );
        Console.WriteLine("{0,-16} edgeseg model sign {1} --key NAME.key", "next", order.Place);
        return ExitCode.Ok;
    }

    /// <summary>With a slash at the end of the path; a query, such as the signature of an address, stays behind it.</summary>
    private static string Folder(string address)
    {
        var query = address.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? address : address[..query];
        return (path.EndsWith('/') ? path : path + "/") + address[path.Length..];
    }

    private static Dictionary<string, double> Figures(ArgumentResult result)
    {
        var figures = new Dictionary<string, double>();
        foreach (var token in result.Tokens)
        {
            var parts = token.Value.Split('=');
            if (
                parts.Length == 2
                && parts[0].Length > 0
                && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            )
                figures[parts[0]] = value;
            else
                result.AddError($"--quality {token.Value}: must be a name and a figure, for example miou=0.77");
        }

        return figures;
    }

    private static string[] Photos(string[] given)
    {
        var photos = given.SelectMany(path => Directory.Exists(path) ? InFolder(path) : [path]).ToArray();
        if (given.Length == 0)
        {
            string[] places = [Path.Combine(AppContext.BaseDirectory, "demo"), "/usr/share/edgeseg/demo"];
            photos = [.. places.Where(Directory.Exists).SelectMany(InFolder).Take(CliLimits.DefaultCanaryPhotos)];
        }

        if (photos.Length == 0)
            throw new OperatingException("a canary needs photographs: name at least one with --images", ExitCode.Usage);
        return photos.Length <= CliLimits.MaxCanaryPhotos
            ? photos
            : throw new OperatingException(
                $"--images names {photos.Length} photographs, and every device runs each of them: name at most {CliLimits.MaxCanaryPhotos}",
                ExitCode.Usage
            );
    }

    private static string[] InFolder(string path)
    {
        try
        {
            var files = Directory.GetFiles(path).Where(PictureHeader.HasExtension);
            return [.. files.Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"--images {path} cannot be read ({e.Message}): check its owner and mode", ExitCode.Usage);
        }
    }
}
