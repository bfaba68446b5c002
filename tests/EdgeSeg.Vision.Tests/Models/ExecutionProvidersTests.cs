using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Vision.Models;

public class ExecutionProvidersTests
{
    private const string TensorRt = "TensorrtExecutionProvider",
        Cuda = "CUDAExecutionProvider",
        Cpu = "CPUExecutionProvider";
    private readonly List<string> passedOver = [];
    private readonly List<string> tried = [];

    [Fact]
    public void The_best_available_provider_is_chosen_and_missing_ones_are_not_reported()
    {
        Assert.Equal("cuda", Choose([], [Cpu, Cuda], _ => null));
        Assert.Equal(["cuda"], tried);
        Assert.Empty(passedOver);
    }

    [Fact]
    public void Providers_are_tried_in_the_configured_order()
    {
        Assert.Equal("cuda", Choose(["cuda", "tensorrt"], [TensorRt, Cuda, Cpu], _ => null));
        Assert.Equal(["cuda"], tried);
    }

    [Fact]
    public void A_provider_that_does_not_start_or_computes_wrong_numbers_is_skipped_with_the_reason()
    {
        Assert.Equal(
            "cpu",
            Choose(
                ["tensorrt", "cuda"],
                [TensorRt, Cuda, Cpu],
                p =>
                    p == "cpu" ? null
                    : p == "cuda" ? "does not start"
                    : "gives wrong numbers"
            )
        );
        Assert.Equal(["tensorrt", "cuda", "cpu"], tried);
        Assert.Equal(["tensorrt: gives wrong numbers", "cuda: does not start"], passedOver);
    }

    [Fact]
    public void A_configured_provider_that_the_runtime_lacks_is_reported()
    {
        Assert.Equal("cpu", Choose(["xnnpack", "cpu"], [Cpu], _ => null));
        Assert.Contains("xnnpack: the loaded ONNX Runtime was built without it", passedOver);
    }

    [Fact]
    public void Nothing_is_tried_after_the_cpu()
    {
        Assert.Equal("cpu", Choose(["cpu", "cuda"], [Cuda, Cpu], _ => null));
        Assert.Equal(["cpu"], tried);
    }

    [Fact]
    public void An_error_of_the_cpu_is_thrown() =>
        Assert.Equal("broken", Assert.Throws<OperatingException>(() => Choose([], [Cpu], _ => "broken")).Message);

    [Fact]
    public void The_loaded_runtime_has_the_cpu_and_a_provider_that_it_lacks_does_not_stop_a_model()
    {
        Assert.Contains(Cpu, ExecutionProviders.Available);
        using var scratch = new Scratch();
        var bundle = OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, new float[16], [1], new float[16], 4, 4).ToBytes(), scratch.Path);
        using var model = LoadedModel.Load(new ModelChoice { Folder = bundle, Providers = ["tensorrt", "cuda"] });
        Assert.Equal("cpu", model.Provider);
        Assert.Equal(2, model.PassedOver.Count);
    }

    [Fact]
    public void A_missing_provider_is_an_operating_error()
    {
        var graph = OnnxGraph.SqueezeSam(32, 32, new float[16], [1], new float[16], 4, 4).ToBytes();
        foreach (var provider in ExecutionProviders.All.Where(p => !ExecutionProviders.Available.Contains(p.RuntimeName)))
        {
            var error = Assert.Throws<OperatingException>(() =>
                new ModelSession(graph, "m.onnx", new ProviderNeeds(1, null, false), provider).Dispose()
            );
            Assert.StartsWith("does not start (", error.Message);
        }
    }

    [Fact]
    public void Providers_not_run_on_hardware_are_called_untested() =>
        Assert.All(ExecutionProviders.All, p => Assert.Equal(p.Name is "cpu" or "cuda", !p.Title.Contains("untested on hardware")));

    private string Choose(string[] wanted, string[] available, Func<string, string?> fault) =>
        ExecutionProviders.Choose(
            wanted,
            available,
            p =>
            {
                tried.Add(p.Name);
                return fault(p.Name) is { } reason ? throw new OperatingException(reason) : p.Name;
            },
            passedOver
        );
}
