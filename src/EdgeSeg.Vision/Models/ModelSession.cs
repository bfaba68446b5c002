using System.Globalization;
using EdgeSeg.Vision.Platform;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// One graph in ONNX Runtime, with the metadata of its inputs and outputs. Runs with different bindings may go in parallel.
/// </summary>
internal sealed class ModelSession : IDisposable
{
    /// <summary>Characters.</summary>
    private const int MaxCalibrationText = 500;

    private readonly InferenceSession session;
    private readonly RunOptions runOptions = new();
    private readonly bool ownMemory;

    /// <summary>On the CPU.</summary>
    /// <param name="graph">Bytes of the ONNX file.</param>
    /// <param name="name">Its name in errors.</param>
    /// <param name="threads">Threads of one run; 0 = <see cref="DefaultThreads"/>.</param>
    /// <param name="lean">See <see cref="ProviderNeeds.Lean"/>.</param>
    public ModelSession(byte[] graph, string name, int threads, bool lean = false)
        : this(graph, name, new ProviderNeeds(threads > 0 ? threads : DefaultThreads, null, Int8: false, lean), ExecutionProviders.Cpu) { }

    /// <exception cref="OperatingException">The provider does not start, or the runtime refuses the graph.</exception>
    public ModelSession(byte[] graph, string name, ProviderNeeds needs, ExecutionProvider provider)
    {
        OnnxFile.Check(graph, $"graph {name}");
        _ = Ort.Environment;
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = needs.Threads,
            EnableMemoryPattern = !needs.Lean,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // threads that spin while they wait for work cost a battery its charge and the cameras their time (docs/performance.md)
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        try
        {
            provider.Append(options, needs);
        }
        catch (Exception e)
            when (e
                    is OnnxRuntimeException
                        or NotSupportedException
                        or EntryPointNotFoundException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            throw new OperatingException($"does not start ({RuntimeError.Reason(e)})");
        }

        try
        {
            session = new InferenceSession(graph, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OperatingException(
                $"ONNX Runtime {Ort.Environment.GetVersionString()} refuses the graph {name} ({RuntimeError.Reason(e)}): "
                    + "the file is not an ONNX graph it can run"
            );
        }

        (Name, Threads, Provider, ownMemory) = (name, needs.Threads, provider.Name, provider.OwnMemory);
    }

    public static int DefaultThreads => Math.Clamp(Environment.ProcessorCount, 1, 4);

    public string Name { get; }

    public int Threads { get; }

    /// <summary>The execution provider that runs the graph.</summary>
    public string Provider { get; }

    public IReadOnlyDictionary<string, NodeMetadata> Inputs => session.InputMetadata;

    public IReadOnlyDictionary<string, NodeMetadata> Outputs => session.OutputMetadata;

    /// <summary>The images that <c>edgeseg_training quantise</c> measured the ranges on; null: the graph does not say so.</summary>
    public Calibration? Calibration
    {
        get
        {
            var facts = session.ModelMetadata.CustomMetadataMap;
            return
                facts.TryGetValue("calibration_images", out var count)
                && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var images)
                && images > 0
                && facts.TryGetValue("calibration_from", out var from)
                && from.Length is > 0 and <= MaxCalibrationText
                ? new Calibration { Images = images, From = from }
                : null;
        }
    }

    public ModelBinding CreateBinding() => new(session.CreateIoBinding(), ownMemory);

    /// <exception cref="OnnxRuntimeException">The graph fails, or the run was cancelled.</exception>
    public void Run(ModelBinding binding) => binding.Run(session, runOptions);

    /// <summary>True: current and later runs end with an error at their next operator. Any thread may call it.</summary>
    public void SetCancelled(bool cancelled) => runOptions.Terminate = cancelled;

    /// <summary>A first run.</summary>
    /// <exception cref="OperatingException">The graph fails on its inputs.</exception>
    public void TryOut(ModelBinding binding)
    {
        try
        {
            Run(binding);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OperatingException($"graph {Name} fails on a trial run ({RuntimeError.Reason(e)}): it is not a graph of this kind");
        }
    }

    /// <summary>The shape of an input as the graph states it; free dimensions are -1.</summary>
    /// <exception cref="OperatingException">There is no such input, or it has another type or rank: the difference is named.</exception>
    public long[] InputShape(string input, TensorElementType type, int rank) => Shape(Inputs, "input", input, type, rank);

    public long[] OutputShape(string output, TensorElementType type, int rank) => Shape(Outputs, "output", output, type, rank);

    private long[] Shape(IReadOnlyDictionary<string, NodeMetadata> nodes, string what, string name, TensorElementType type, int rank)
    {
        if (!nodes.TryGetValue(name, out var node))
            throw new OperatingException(
                $"graph {Name} has no {what} '{name}' (it has {string.Join(", ", nodes.Keys)}): it is not a graph of this kind"
            );
        if (node.ElementDataType != type || node.Dimensions.Length != rank)
            throw new OperatingException(
                $"graph {Name}: {what} '{name}' is {node.ElementDataType}[{string.Join(',', node.Dimensions)}] where {type} of rank {rank} "
                    + "is needed: it is not a graph of this kind"
            );
        return [.. node.Dimensions.Select(d => (long)d)];
    }

    public void Dispose()
    {
        runOptions.Dispose();
        session.Dispose();
    }
}
