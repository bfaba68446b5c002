using EdgeSeg.Benchmark;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// Managed bytes of a steady-state frame, from captured pixels to the message in the outbox: deterministic, so it may be asserted.
/// </summary>
public sealed class FrameAllocationTests : IDisposable
{
    private const int AllowedBytes = 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_frame_of_720p_stays_within_its_allowance()
    {
        float[] map =
        [
            .. Enumerable
                .Range(0, 128 * 128)
                .Select(i => (i % 128 - 64) * (i % 128 - 64) + (i / 128 - 64) * (i / 128 - 64) < 1600 ? 4f : -4f),
        ];
        var graph = OnnxGraph.SqueezeSam(256, 256, [.. map, .. map, .. map], [0.5f, 0.9f, 0.3f], map, 128, 128);
        using var path = new FramePath(LoadedModel.Load(OnnxGraph.Bundle(graph.ToBytes(), scratch.Path)), saliencyEvery: 1);
        path.Frame.Pixels.Create(720, 1280, MatType.CV_8UC3);
        path.Frame.Pixels.SetTo(Scalar.All(90));
        // until no memory grows any more: what comes then is used again
        for (var i = 0; i < 10 * FramePath.WarmUpFrames; i++)
            path.Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            path.Run();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes a frame");
        Assert.True(path.Run().Found);
        Assert.True(each <= AllowedBytes, $"{each} bytes a frame, {AllowedBytes} are allowed");
    }
}
