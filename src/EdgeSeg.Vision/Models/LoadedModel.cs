using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Models;

/// <summary>A loaded bundle: its graphs in the runtime, with the chosen precision and execution provider.</summary>
internal sealed class LoadedModel : IInferenceModel
{
    private readonly LoadedModel? saliency;
    private readonly ModelSession[] sessions;

    private LoadedModel(
        ModelBundle bundle,
        GraphFile[] graphs,
        ModelSession[] sessions,
        string why,
        ExecutionProvider provider,
        int threads,
        IReadOnlyList<string> passedOver,
        ISegmenter segmenter,
        LoadedModel? saliency
    )
    {
        this.sessions = sessions;
        (Bundle, Graph, PrecisionReason, Threads, PassedOver, Segmenter) = (bundle, graphs[0], why, threads, passedOver, segmenter);
        (Provider, ProviderTitle, this.saliency) = (provider.Name, provider.Title, saliency);
        Info = new ModelInfo(Name, Version.ToString(CultureInfo.InvariantCulture), Fingerprint(graphs)[..16], Graph.Precision);
    }

    public ModelBundle Bundle { get; }

    /// <summary>The graph that does most of the work.</summary>
    public GraphFile Graph { get; }

    public ISegmenter Segmenter { get; }

    public BundleThresholds? Thresholds => Bundle.Manifest.Thresholds;

    /// <summary>The model that the automatic mode takes its clicks from: this one, or another bundle in the salience role.</summary>
    public LoadedModel SaliencyModel => saliency ?? this;

    public ModelDescription Description =>
        new(
            saliency is null ? [Role("segmenter")] : [Role("segmenter"), saliency.Role("salience")],
            ProviderTitle,
            PassedOver,
            PrecisionReason
        );

    private ModelRole Role(string name) =>
        new(name, Info, Bundle.Manifest.WeightsLicence, name == "segmenter" && Segmenter.GainsFromZoom, Segmenter.AcceptsNegativeClicks);

    /// <summary>Its description in messages.</summary>
    public ModelInfo Info { get; }

    public string Name => Bundle.Manifest.Name;

    public int Version => Bundle.Manifest.Version;

    public string Precision => Graph.Precision;

    /// <summary>Why this precision, for a person.</summary>
    public string PrecisionReason { get; }

    /// <summary>The execution provider that it runs on.</summary>
    public string Provider { get; }

    /// <summary>The provider for a person; it says when the provider is untested on hardware.</summary>
    public string ProviderTitle { get; }

    /// <summary>Why providers that were tried or configured are not used: one sentence each.</summary>
    public IReadOnlyList<string> PassedOver { get; }

    public int Threads { get; }

    public static string RuntimeVersion => Ort.Environment.GetVersionString();

    public static LoadedModel Load(string? folder, string precision = "auto", int threads = 0, string? saliencyFolder = null) =>
        Load(
            new ModelChoice
            {
                Folder = folder,
                Precision = precision,
                Threads = threads,
                SaliencyFolder = saliencyFolder,
            }
        );

    /// <exception cref="OperatingException">The bundle cannot be used on any provider.</exception>
    public static LoadedModel Load(ModelChoice choice)
    {
        var (bundle, role) = Open(choice);
        var passedOver = new List<string>();
        // read and hashed once, however many providers are tried
        var files = new Dictionary<GraphFile, byte[]>();
        return ExecutionProviders.Choose(
            choice.Providers,
            ExecutionProviders.Available,
            provider =>
            {
                var (chosen, why) = Decide(bundle, role, provider, choice);
                try
                {
                    return Load(bundle, role, chosen, why, provider, passedOver, files, choice);
                }
                catch (OperatingException e)
                    when (choice.Precision == "auto" && chosen == "int8" && bundle.PrecisionsOf(role).Contains("fp32"))
                {
                    return Load(bundle, role, "fp32", $"int8 was refused here: {e.Message}", provider, passedOver, files, choice);
                }
            },
            passedOver,
            choice.Known
        );
    }

    /// <summary>The provider that would run the model, when it must build for minutes first; null: it can run immediately.</summary>
    public static ExecutionProvider? ToBuildFirst(ModelChoice choice)
    {
        if (ExecutionProviders.First(choice.Providers, ExecutionProviders.Available, choice.Known) is not { Builds: true } provider)
            return null;
        var (bundle, role) = Open(choice);
        var built = GraphsOf(bundle, role, Decide(bundle, role, provider, choice).Precision)
            .All(g => CacheFolder(choice, provider, g) is { } folder && Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any());
        return built ? null : provider;
    }

    private static (ModelBundle Bundle, string Role) Open(ModelChoice choice)
    {
        var bundle = ModelBundle.Open(string.IsNullOrEmpty(choice.Folder) ? DefaultFolder() : choice.Folder);
        return (bundle, bundle.Manifest.Kind == SqueezeSam.Kind ? "segmenter" : "encoder");
    }

    private static (string Precision, string Why) Decide(ModelBundle bundle, string role, ExecutionProvider provider, ModelChoice choice)
    {
        var available = bundle.PrecisionsOf(role).ToList();
        // a precision that these graphs do not have is for the saliency model
        var wanted = role == "segmenter" || available.Contains(choice.Precision) ? choice.Precision : "auto";
        return wanted == "auto" && available.Count > 1 && available.Contains("fp32") && provider.WhyFloat is { } reason
            ? ("fp32", reason)
            : CpuFeatures.Choose(wanted, available, CpuFeatures.ReadCpuInfo());
    }

    private static GraphFile[] GraphsOf(ModelBundle bundle, string role, string precision) =>
        role == "segmenter" ? [bundle.Graph(role, precision)] : [bundle.Graph(role, precision), bundle.GraphOrOnly("decoder", precision)];

    private static LoadedModel Load(
        ModelBundle bundle,
        string role,
        string precision,
        string why,
        ExecutionProvider provider,
        IReadOnlyList<string> passedOver,
        Dictionary<GraphFile, byte[]> files,
        ModelChoice choice
    )
    {
        var alone = role == "segmenter";
        var graphs = GraphsOf(bundle, role, precision);
        var held = new Stack<IDisposable>();
        try
        {
            var saliency = alone || choice.IsSaliencyOptional ? null : LoadSaliencyModel(choice);
            if (saliency is not null)
                held.Push(saliency);
            var sessions = new ModelSession[graphs.Length];
            for (var i = 0; i < graphs.Length; i++)
            {
                var needs = new ProviderNeeds(
                    i == 0 ? ThreadsOf(choice) : 1,
                    CacheFolder(choice, provider, graphs[i]),
                    graphs[i].Precision == "int8",
                    Lean: !alone
                );
                if (!files.TryGetValue(graphs[i], out var file))
                    files.Add(graphs[i], file = bundle.Read(graphs[i]));
                held.Push(sessions[i] = new ModelSession(file, graphs[i].File, needs, provider));
            }

            ISegmenter segmenter = alone
                ? new SqueezeSam(sessions[0])
                : new EfficientSam(sessions[0], sessions[1], (SqueezeSam?)saliency?.Segmenter);
            Check(segmenter, graphs, provider, choice);
            // the saliency model of an EfficientSAM brings its own numbers
            if (segmenter is SqueezeSam own)
                own.Configure(bundle.Manifest);
            return new LoadedModel(bundle, graphs, sessions, why, provider, ThreadsOf(choice), passedOver, segmenter, saliency);
        }
        catch
        {
            while (held.TryPop(out var one))
                one.Dispose();
            throw;
        }
    }

    private static LoadedModel LoadSaliencyModel(ModelChoice choice)
    {
        var saliency = Load(choice with { Folder = choice.SaliencyFolder });
        if (saliency.Segmenter is SqueezeSam)
            return saliency;
        saliency.Dispose();
        throw ModelBundle.Bad(
            saliency.Bundle.Folder,
            $"is of kind '{saliency.Bundle.Manifest.Kind}' and has no saliency",
            "name a squeezesam bundle with model.salience_dir"
        );
    }

    /// <summary>Compares the first answer with the one in the bundle, unless the result of an earlier check is kept.</summary>
    private static void Check(ISegmenter segmenter, GraphFile[] graphs, ExecutionProvider provider, ModelChoice choice)
    {
        if (graphs[0].Golden is not { } golden)
            return;
        var results = new SelfCheckCache(choice.StateFolder);
        var where = provider == ExecutionProviders.Cpu ? provider.Name : $"{provider.Name}-{Accelerator.Name}";
        var key = SelfCheckCache.Key(Fingerprint(graphs)[..16], RuntimeVersion, where, CpuFeatures.ReadCpuInfo());
        var iou = results.Find(key);
        if (iou is null)
        {
            iou = SelfCheck.Iou(segmenter, golden, second: provider.OwnMemory);
            results.Keep(key, iou.Value);
        }

        SelfCheck.Require(iou.Value, provider.Name);
    }

    private static int ThreadsOf(ModelChoice choice) => choice.Threads > 0 ? choice.Threads : ModelSession.DefaultThreads;

    /// <summary>Engines fit one graph, one runtime and one GPU; TensorRT itself refuses those of another version of its own.</summary>
    private static string? CacheFolder(ModelChoice choice, ExecutionProvider provider, GraphFile graph) =>
        choice.StateFolder is null || !Directory.Exists(choice.StateFolder)
            ? null
            : Path.Combine(choice.StateFolder, "engines", $"{provider.Name}-{RuntimeVersion}-{Accelerator.Name}-{graph.Sha256[..16]}");

    /// <summary>A hash that identifies a bundle: of one graph its own, of several that of their hashes.</summary>
    private static string Fingerprint(GraphFile[] graphs) =>
        graphs is [var one]
            ? one.Sha256
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(graphs.Select(g => g.Sha256)))));

    /// <summary>The bundle shipped with the program: beside the executable, or where the Debian package puts it.</summary>
    public static string DefaultFolder()
    {
        string[] places = [Path.Combine(AppContext.BaseDirectory, "models", "squeezesam"), "/usr/share/edgeseg/models/squeezesam"];
        return Array.Find(places, p => File.Exists(Path.Combine(p, "model.json")))
            ?? throw new OperatingException($"no model bundle found in {string.Join(" or ", places)}: name one with --model or model.dir");
    }

    /// <summary>
    /// True: current and later runs of the model end with the runtime's error; false: runs are allowed again. Any thread may call it.
    /// </summary>
    public void SetCancelled(bool cancelled)
    {
        foreach (var session in sessions)
            session.SetCancelled(cancelled);
        saliency?.SetCancelled(cancelled);
    }

    /// <summary>The segmenter owns the sessions, and that of the saliency model too.</summary>
    public void Dispose() => Segmenter.Dispose();
}
