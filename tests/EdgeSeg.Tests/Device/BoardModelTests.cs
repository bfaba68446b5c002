using System.Runtime.CompilerServices;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Xunit;

namespace EdgeSeg.Device;

/// <summary>
/// The virtual board's stand-in for a model, under <c>tests/device/model</c>: it answers a disc to everything, at once, since emulated
/// floating point takes seconds for a real one.
/// </summary>
public class BoardModelTests
{
    [Fact]
    public void The_boards_model_is_what_the_tests_write()
    {
        var folder = Folder();
        float[] disc =
        [
            .. Enumerable.Range(0, 32 * 32).Select(i => (i % 32 - 16) * (i % 32 - 16) + (i / 32 - 16) * (i / 32 - 16) < 90 ? 4f : -4f),
        ];
        var graph = OnnxGraph.SqueezeSam(64, 64, [.. disc, .. disc, .. disc], [0.5f, 0.9f, 0.3f], disc, 32, 32).ToBytes();
        // EDGESEG_REGENERATE=1 writes it again
        if (Environment.GetEnvironmentVariable("EDGESEG_REGENERATE") == "1")
            OnnxGraph.Bundle(graph, folder);
        Assert.Equal(graph, File.ReadAllBytes(Path.Combine(folder, "m.onnx")));
        using var model = LoadedModel.Load(folder);
        Assert.Equal((64, 64), (model.Segmenter.InputWidth, model.Segmenter.InputHeight));
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "device", "model"));
}
