using System.Diagnostics;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Builds the engines of a provider that needs minutes before its first run (TensorRT), on a thread of its own, while the service runs on
/// the CPU. ONNX Runtime gives no progress, so only the start and the end are reported.
/// </summary>
internal sealed class EngineBuild : IDisposable
{
    private readonly ModelChoice choice;
    private readonly Action<LoadedModel> ready;
    private readonly Action<string> report;
    private volatile bool building = true,
        abandoned;

    /// <param name="choice">The model to run when the engines are built.</param>
    /// <param name="provider">The provider that builds.</param>
    /// <param name="ready">Takes ownership of the model, on the building thread.</param>
    /// <param name="report">Takes one sentence at the start and one at the end.</param>
    public EngineBuild(ModelChoice choice, ExecutionProvider provider, Action<LoadedModel> ready, Action<string> report)
    {
        (this.choice, this.ready, this.report) = (choice, ready, report);
        Provider = provider.Name;
        new Thread(Build) { Name = "engine build", IsBackground = true }.Start();
    }

    public string Provider { get; }

    /// <summary>The reason in <c>status</c> while it builds; null afterwards.</summary>
    public string? Reason => building ? "building_engine:" + Provider : null;

    /// <summary>Why the provider was not used in the end: one sentence each.</summary>
    public IReadOnlyList<string> PassedOver { get; private set; } = [];

    /// <summary>
    /// Loads a model that can run immediately: on the CPU where the chosen provider must build first; that provider is then in
    /// <paramref name="first"/>.
    /// </summary>
    /// <exception cref="OperatingException">The bundle cannot be used on any provider.</exception>
    public static LoadedModel Load(ModelChoice choice, out ExecutionProvider? first)
    {
        first = LoadedModel.ToBuildFirst(choice);
        return LoadedModel.Load(first is null ? choice : choice with { Providers = [ExecutionProviders.Cpu.Name] });
    }

    private void Build()
    {
        var began = Stopwatch.GetTimestamp();
        report($"{Provider} builds its engines, which takes minutes; the CPU is used until then");
        try
        {
            var model = LoadedModel.Load(choice);
            var provider = model.Provider;
            PassedOver = model.PassedOver;
            if (abandoned || model.Provider == ExecutionProviders.Cpu.Name)
                model.Dispose();
            else
                ready(model);
            report(
                string.Join("", PassedOver.Select(p => p + "; "))
                    + $"{provider} is in use after {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"
            );
        }
        catch (OperatingException e)
        {
            PassedOver = [$"{Provider}: {e.Message}"];
            report(PassedOver[0]);
        }
        finally
        {
            building = false;
        }
    }

    /// <summary>A build cannot be cancelled: its result is discarded when it is ready, or it ends with the process.</summary>
    public void Dispose() => abandoned = true;
}
