using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A provider that builds for minutes before its first run (TensorRT makes an engine of each graph) does so on a thread of its own, while the service runs on the CPU.
/// ONNX Runtime tells nothing of how far it is, so neither can we: what is told is that it builds, and since when.
/// </summary>
internal sealed class EngineBuild : IDisposable
{
    private readonly ModelChoice choice;
    private readonly Action<LoadedModel> ready;
    private readonly Action<string> tell;
    private volatile bool building = true,
        abandoned;

    /// <param name="choice">What is to run once it is built.</param>
    /// <param name="provider">Which builds.</param>
    /// <param name="ready">Takes the model over, on the building thread.</param>
    /// <param name="tell">A sentence at the beginning and at the end.</param>
    public EngineBuild(ModelChoice choice, ExecutionProvider provider, Action<LoadedModel> ready, Action<string> tell)
    {
        (this.choice, this.ready, this.tell) = (choice, ready, tell);
        Provider = provider.Name;
        new Thread(Build) { Name = "engine build", IsBackground = true }.Start();
    }

    public string Provider { get; }

    /// <summary>What <c>status</c> says while it builds; null afterwards.</summary>
    public string? Reason => building ? "building_engine:" + Provider : null;

    /// <summary>Why the provider was passed over in the end: a sentence each.</summary>
    public IReadOnlyList<string> PassedOver { get; private set; } = [];

    /// <summary>Loads what can run at once: the CPU where the chosen provider has to build first, which is then in <paramref name="first"/>.</summary>
    /// <exception cref="OperatingException">The bundle cannot be used on any provider.</exception>
    public static LoadedModel Load(ModelChoice choice, out ExecutionProvider? first)
    {
        first = LoadedModel.ToBuildFirst(choice);
        return LoadedModel.Load(first is null ? choice : choice with { Providers = [ExecutionProviders.Cpu.Name] });
    }

    private void Build()
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        tell($"{Provider} builds its engines, which takes minutes: the CPU serves meanwhile");
        try
        {
            var model = LoadedModel.Load(choice);
            var provider = model.Provider;
            PassedOver = model.PassedOver;
            if (abandoned || model.Provider == ExecutionProviders.Cpu.Name)
                model.Dispose();
            else
                ready(model);
            tell(
                $"{string.Join("", PassedOver.Select(p => p + "; "))}{provider} at work after {System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"
            );
        }
        catch (OperatingException e)
        {
            PassedOver = [$"{Provider}: {e.Message}"];
            tell(PassedOver[0]);
        }
        finally
        {
            building = false;
        }
    }

    /// <summary>What is being built cannot be cut: it is thrown away when it is there, or ends with the process.</summary>
    public void Dispose() => abandoned = true;
}
