using EdgeSeg.Vision.Platform;
using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Vision.Models;

/// <summary>The settings of a session that a provider needs.</summary>
/// <param name="Threads">Of one run.</param>
/// <param name="CacheFolder">For built engines, of this model, runtime and device only; null: nothing is kept.</param>
/// <param name="Int8">The graph is quantised.</param>
/// <param name="Lean">
/// Switch off the runtime's memory pattern, which from the second run on holds all activations in a block beside the arena.
/// EfficientSAM-Ti's encoder, two runs, peak of the process: 979 MB with it, 547 MB without, no difference in time.
/// </param>
internal sealed record ProviderNeeds(int Threads, string? CacheFolder, bool Int8, bool Lean = false);

/// <summary>One way of ONNX Runtime to run a graph.</summary>
/// <param name="Name">In the configuration and in messages.</param>
/// <param name="RuntimeName">In <c>GetAvailableProviders</c>.</param>
/// <param name="Untested">It has not been run on hardware by this project; <c>info</c> says so.</param>
/// <param name="Append">Adds it to a session's options; the runtime throws when it cannot start.</param>
/// <param name="Builds">It builds for minutes before the first run of a graph, unless its cache folder holds the engine.</param>
/// <param name="OwnMemory">It computes in memory of its own, not in the processor's: inputs and outputs are copied.</param>
/// <param name="WhyFloat">Why fp32 is the better form where both are there; null: the processor's features decide.</param>
internal sealed record ExecutionProvider(
    string Name,
    string RuntimeName,
    bool Untested,
    Action<SessionOptions, ProviderNeeds> Append,
    bool Builds = false,
    bool OwnMemory = false,
    string? WhyFloat = null
)
{
    /// <summary>For a person.</summary>
    public string Title => Untested ? $"{Name} (untested on hardware)" : Name;
}

/// <summary>
/// The execution providers, best first, and the rule by which one is chosen: each that the loaded runtime has is tried in the configured
/// order; one that does not start or computes wrong numbers is skipped, with its reason. The CPU ends every list.
/// </summary>
internal static class ExecutionProviders
{
    /// <summary>Most providers that are tried one after the other.</summary>
    private const int MaxTried = 8;

    private static readonly ExecutionProvider tensorRt = new(
        "tensorrt",
        "TensorrtExecutionProvider",
        Untested: true,
        AppendTensorRt,
        Builds: true,
        OwnMemory: true,
        WhyFloat: "TensorRT makes fp16 of it"
    );
    private static readonly ExecutionProvider cuda = new(
        "cuda",
        "CUDAExecutionProvider",
        Untested: false,
        AppendCuda,
        OwnMemory: true,
        WhyFloat: "CUDA runs it faster than int8"
    );
    private static readonly ExecutionProvider xnnpack = new(
        "xnnpack",
        "XnnpackExecutionProvider",
        Untested: true,
        AppendXnnpack,
        WhyFloat: "XNNPACK runs nothing else"
    );

    /// <summary>MLAS. It is in every build of the runtime and ends every session's list.</summary>
    public static ExecutionProvider Cpu { get; } = new("cpu", "CPUExecutionProvider", Untested: false, (_, _) => { });

    /// <summary>In the order in which they are tried when none is configured.</summary>
    public static IReadOnlyList<ExecutionProvider> All { get; } = [tensorRt, cuda, xnnpack, Cpu];

    /// <summary>The providers that the loaded runtime was compiled with. Being listed does not mean that a provider starts.</summary>
    public static IReadOnlyCollection<string> Available => Ort.Environment.GetAvailableProviders();

    /// <summary>Tries providers in order until one opens.</summary>
    /// <param name="wanted">Names; empty: all, and those that the runtime lacks are skipped without a reason.</param>
    /// <param name="available">Names as the runtime has them.</param>
    /// <param name="open">Throws <see cref="OperatingException"/> when the provider does not start or computes wrong numbers.</param>
    /// <param name="passedOver">Takes one sentence for each provider that was tried or configured and is not used.</param>
    /// <param name="known">Null: <see cref="All"/>.</param>
    public static T Choose<T>(
        IReadOnlyList<string> wanted,
        IReadOnlyCollection<string> available,
        Func<ExecutionProvider, T> open,
        ICollection<string> passedOver,
        IReadOnlyList<ExecutionProvider>? known = null
    )
    {
        foreach (var provider in Order(wanted, known ?? All))
        {
            if (!available.Contains(provider.RuntimeName))
            {
                if (wanted.Count > 0)
                    passedOver.Add($"{provider.Name}: the loaded ONNX Runtime was built without it");
                continue;
            }

            try
            {
                return open(provider);
            }
            catch (OperatingException e) when (provider != Cpu)
            {
                passedOver.Add($"{provider.Name}: {e.Message}");
            }
        }

        return open(Cpu);
    }

    /// <summary>The provider that <see cref="Choose"/> will try first; null: the CPU.</summary>
    public static ExecutionProvider? First(
        IReadOnlyList<string> wanted,
        IReadOnlyCollection<string> available,
        IReadOnlyList<ExecutionProvider> known
    ) => Order(wanted, known).FirstOrDefault(p => available.Contains(p.RuntimeName));

    private static IEnumerable<ExecutionProvider> Order(IReadOnlyList<string> wanted, IReadOnlyList<ExecutionProvider> known)
    {
        if (wanted.Count == 0)
            return known.Where(p => p != Cpu);
        // the CPU always starts, so nothing after it is tried
        return wanted
            .TakeWhile(name => name != Cpu.Name)
            .Take(ExecutionProviders.MaxTried)
            .Select(name =>
                known.FirstOrDefault(p => p.Name == name)
                ?? throw new OperatingException(
                    $"runtime.providers names '{name}': known are {string.Join(", ", known.Select(p => p.Name))}"
                )
            );
    }

    private static void AppendXnnpack(SessionOptions options, ProviderNeeds needs) =>
        options.AppendExecutionProvider("XNNPACK", new Dictionary<string, string> { ["intra_op_num_threads"] = Invariant(needs.Threads) });

    private static void AppendCuda(SessionOptions options, ProviderNeeds needs)
    {
        using var cudaOptions = new OrtCUDAProviderOptions();
        // an exhaustive search at start costs seconds a convolution; a fixed input shape gains little from it
        cudaOptions.UpdateOptions(new Dictionary<string, string> { ["device_id"] = "0", ["cudnn_conv_algo_search"] = "HEURISTIC" });
        options.AppendExecutionProvider_CUDA(cudaOptions);
    }

    private static void AppendTensorRt(SessionOptions options, ProviderNeeds needs)
    {
        var settings = new Dictionary<string, string>
        {
            ["device_id"] = "0",
            // fp16 can break models of this family: the self-check decides
            ["trt_fp16_enable"] = "1",
            ["trt_int8_enable"] = needs.Int8 ? "1" : "0",
        };
        if (needs.CacheFolder is { } folder)
        {
            Directory.CreateDirectory(folder);
            settings["trt_engine_cache_enable"] = "1";
            settings["trt_engine_cache_path"] = folder;
            settings["trt_timing_cache_enable"] = "1";
            settings["trt_timing_cache_path"] = folder;
        }

        using var tensorRtOptions = new OrtTensorRTProviderOptions();
        tensorRtOptions.UpdateOptions(settings);
        options.AppendExecutionProvider_Tensorrt(tensorRtOptions);
        // CUDA runs the operators that TensorRT does not support faster than the CPU
        AppendCuda(options, needs);
    }

    private static string Invariant(int n) => n.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
