using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Images;
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
        using var model = LoadedModel.Load(OnnxGraph.Bundle(graph.ToBytes(), scratch.Path));
        using var pixels = new Mat(720, 1280, MatType.CV_8UC3, Scalar.All(90));
        using var shrunk = new Mat(256, 256, MatType.CV_8UC3);
        var stretch = new FrameResizer();
        using var embeddings = new EmbeddingCache(model.Segmenter, model.Segmenter.EmbeddingsWorthKeeping);
        using var writer = new MaskWriter();
        var outbox = new Outbox(TimeProvider.System);
        var result = new Segmentation();
        for (var i = 0; i < 100; i++)
            Frame(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Frame(i);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes a frame");
        Assert.True(result.Found);
        Assert.True(each <= AllowedBytes, $"{each} bytes a frame, {AllowedBytes} are allowed");

        void Frame(long sequence)
        {
            result.Times = StageTimes.None;
            stretch.Fill(pixels, shrunk);
            var embedding = embeddings.Get(new FrameKey("c", sequence), shrunk, ref result.Times);
            embedding.StandFor(1280, 720);
            model.Segmenter.Auto(embedding, result);
            var facts = new MaskInfo
            {
                Device = "d",
                Camera = "c",
                Session = "s",
                Sequence = sequence,
                CapturedUtc = default,
                CapturedNs = 1,
                TimeSource = "arrival",
                ClockSynced = true,
                Width = 1280,
                Height = 720,
                Model = model.Info,
                Saliency = result.Saliency,
                AgeMs = 1,
                Drops = 0,
                Degraded = false,
            };
            outbox.OfferStream("t", writer.Write(facts, result, MessageLimits.MaxMessageBytes), MqttLink.Json, 5);
        }
    }
}
