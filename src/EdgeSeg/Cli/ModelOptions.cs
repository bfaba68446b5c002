using System.CommandLine;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>The options by which every verb that runs a model chooses it.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string?> folder = new("--model")
    {
        Description = "Model bundle (a folder with model.json). Default: the one shipped with edgeseg.",
        HelpName = "DIR",
    };
    private readonly Option<string?> salience = new("--salience-model")
    {
        Description = "Bundle that finds the salient object for a model that cannot. Default: the one shipped with edgeseg.",
        HelpName = "DIR",
    };
    private readonly Option<string> precision = new("--precision")
    {
        Description = "auto: int8 where the CPU gains from it, else fp32.",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<int> threads = new Option<int>("--threads")
    {
        Description = "Threads of one model run; 0: one a core, at most 4.",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    }.Within(0, 64);

    private readonly Option<string?> runtime = new("--runtime")
    {
        Description = "libonnxruntime.so to load, built with other providers. Default: the one beside edgeseg.",
        HelpName = "FILE",
    };
    private readonly Option<string[]> providers = new("--provider")
    {
        Description = "Execution provider to try, repeat for a list in order of preference. Default: the best that the runtime has.",
        AllowMultipleArgumentsPerToken = true,
    };

    /// <param name="command">Gets the options.</param>
    /// <param name="withFolder">False where the verb names its bundles itself.</param>
    public ModelOptions(Command command, bool withFolder = true)
    {
        precision.AcceptOnlyFromAmong("auto", "fp32", "int8");
        if (withFolder)
            command.Options.Add(folder);
        command.Options.Add(salience);
        command.Options.Add(precision);
        command.Options.Add(threads);
        providers.AcceptOnlyFromAmong([.. ExecutionProviders.All.Select(p => p.Name)]);
        command.Options.Add(providers);
        command.Options.Add(runtime);
    }

    /// <summary>The option of the verbs that answer prompts.</summary>
    public static Option<bool> AddNoZoom(Command command)
    {
        var option = new Option<bool>("--no-zoom")
        {
            Description =
                "One pass on the whole picture, without a second one on a crop around the object: faster, and coarser for small objects.",
        };
        command.Options.Add(option);
        return option;
    }

    /// <summary>As it is asked for.</summary>
    public string Precision(ParseResult parsed) => parsed.GetValue(precision)!;

    public bool IsPrecisionChosen(ParseResult parsed) => parsed.GetValue(precision) != "auto";

    /// <summary>0: not chosen.</summary>
    public int Threads(ParseResult parsed) => parsed.GetValue(threads);

    /// <summary>Names the same bundles, runtime and providers to another process.</summary>
    public IReadOnlyList<string> SameAgain(ParseResult parsed) =>
        [
            .. parsed.GetValue(folder) is { } m ? (string[])["--model", m] : [],
            .. parsed.GetValue(salience) is { } s ? (string[])["--salience-model", s] : [],
            .. parsed.GetValue(runtime) is { } r ? (string[])["--runtime", r] : [],
            .. (parsed.GetValue(providers) ?? []).SelectMany(p => (string[])["--provider", p]),
        ];

    public LoadedModel Load(ParseResult parsed) => Load(parsed, parsed.GetValue(folder));

    /// <param name="parsed">The command line.</param>
    /// <param name="bundle">Null: the one shipped with edgeseg.</param>
    public LoadedModel Load(ParseResult parsed, string? bundle)
    {
        NativeLibraries.Configure(NativeLibraries.Runtime, parsed.GetValue(runtime));
        // a runtime that is missing or too old is reported before any fault of the model
        NativeLibraries.Require(NativeLibraries.Runtime);
        return LoadedModel.Load(
            new ModelChoice
            {
                Folder = bundle,
                SaliencyFolder = parsed.GetValue(salience),
                Precision = parsed.GetValue(precision)!,
                Threads = parsed.GetValue(threads),
                Providers = parsed.GetValue(providers) ?? [],
            }
        );
    }
}
