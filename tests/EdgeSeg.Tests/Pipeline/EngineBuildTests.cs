using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Xunit;

namespace EdgeSeg.Pipeline;

/// <summary>A provider that builds for minutes, simulated by the CPU behind a gate, since no TensorRT is at hand.</summary>
public sealed class EngineBuildTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly ManualResetEventSlim gate = new();
    private readonly List<string> reports = [];
    private readonly ModelChoice choice;
    private string? fault;

    public EngineBuildTests()
    {
        var bundle = OnnxGraph.Bundle(
            OnnxGraph.SqueezeSam(32, 32, new float[16], [1], new float[16], 4, 4).ToBytes(),
            Path.Combine(scratch.Path, "bundle")
        );
        var slow = new ExecutionProvider("slow", ExecutionProviders.Cpu.RuntimeName, Untested: true, Append, Builds: true);
        choice = new ModelChoice
        {
            Folder = bundle,
            StateFolder = scratch.Path,
            Known = [slow, ExecutionProviders.Cpu],
        };

        void Append(Microsoft.ML.OnnxRuntime.SessionOptions options, ProviderNeeds needs)
        {
            gate.Wait();
            if (fault is not null)
                throw new NotSupportedException(fault);
            Directory.CreateDirectory(needs.CacheFolder!);
            File.WriteAllText(Path.Combine(needs.CacheFolder!, "engine"), "built");
        }
    }

    public void Dispose()
    {
        gate.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task The_cpu_serves_until_it_is_built_and_then_it_takes_over()
    {
        using var active = Active(EngineBuild.Load(choice, out var first));
        Assert.Equal(("cpu", "slow"), (InUse(active).Provider, first?.Name));
        using var build = new EngineBuild(choice, first!, active.Offer, reports.Add);
        Assert.Equal("building_engine:slow", build.Reason);
        active.TakeOffer();
        Assert.Equal("cpu", InUse(active).Provider);
        gate.Set();
        await Wait.UntilAsync(() => build.Reason is null, "it is built");
        active.TakeOffer();
        Assert.Equal("slow (untested on hardware)", InUse(active).ProviderTitle);
        Assert.Contains("the CPU is used until then", reports[0]);
        Assert.Contains("slow is in use", reports[1]);
    }

    [Fact]
    public void What_was_built_before_starts_at_once()
    {
        gate.Set();
        using (var built = LoadedModel.Load(choice))
            Assert.Equal("slow", built.Provider);
        using var model = EngineBuild.Load(choice, out var first);
        Assert.Equal(("slow", null), (model.Provider, first));
    }

    [Fact]
    public async Task An_engine_that_cannot_be_built_leaves_the_CPU_in_use_and_is_reported()
    {
        fault = "no GPU";
        gate.Set();
        using var active = Active(EngineBuild.Load(choice, out var first));
        using var build = new EngineBuild(choice, first!, active.Offer, reports.Add);
        await Wait.UntilAsync(() => build.Reason is null, "it gave up");
        active.TakeOffer();
        Assert.Equal("cpu", InUse(active).Provider);
        Assert.Equal("slow: does not start (no GPU)", Assert.Single(build.PassedOver));
    }

    private static ActiveModel Active(LoadedModel model) => new(model, "0a1b", TimeProvider.System, 1 << 20, isZoomOn: true);

    private static LoadedModel InUse(ActiveModel active) => Assert.IsType<LoadedModel>(active.Model);
}
