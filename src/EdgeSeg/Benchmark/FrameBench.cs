using System.Diagnostics;
using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Benchmark;

/// <summary>
/// The way of a frame, from its pixels to the message in the outbox, as <see cref="FrameProcessor"/> goes it, on the moving test scene.
/// What the camera and the broker do is not in it.
/// </summary>
internal static class FrameBench
{
    /// <summary>
    /// Frames before the first one that counts: every slot of the outbox grows to its size, caches and the processor's clock settle.
    /// </summary>
    private const int WarmUp = 2 * MqttLimits.PublishQueue;

    public static FrameStats Run(LoadedModel model, int width, int height, int frames, int saliencyEvery)
    {
        var segmenter = model.Segmenter;
        using var camera = new TestCamera(new TestScene(width, height, 30, 1, 0));
        camera.Open();
        using Mat pixels = new(height, width, MatType.CV_8UC3),
            shrunk = new(segmenter.InputHeight, segmenter.InputWidth, MatType.CV_8UC3);
        using var embeddings = new EmbeddingCache(segmenter, segmenter.EmbeddingsWorthKeeping);
        using var writer = new MaskWriter();
        var (outbox, clicks, result, known) = (
            new Outbox(TimeProvider.System),
            new AutomaticClicks(),
            new Segmentation(),
            new BinaryMask()
        );
        var stretch = new FrameResizer();
        var each = new double[frames][];
        for (var i = 0; i < frames; i++)
            each[i] = new double[StageTimes.Count + 1];
        var (iou, gen2, bytes) = (0.0, 0, 0L);
        for (var i = -WarmUp; i < frames; i++)
        {
            camera.Grab();
            camera.Retrieve(pixels);
            if (i == 0)
                gen2 = GC.CollectionCount(2);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var since = Stopwatch.GetTimestamp();
            One(i + WarmUp);
            var ms = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            if (i < 0)
                continue;
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            for (var s = 0; s < StageTimes.Count; s++)
                each[i][s] = result.Times[(Stage)s];
            each[i][^1] = ms;
            camera.MaskOf(i + WarmUp, known);
            iou += result.Found ? BinaryMask.Iou(result.Mask, known) : 0;
        }

        return new FrameStats
        {
            Precision = model.Precision,
            Threads = model.Threads,
            SaliencyEvery = saliencyEvery,
            Input = segmenter.InputWidth,
            Frames = frames,
            Ms = Percentiles(each),
            OutsideModel = 1 - each.Sum(InModel) / each.Sum(f => f[^1]),
            BytesAFrame = (double)bytes / frames,
            Gen2 = GC.CollectionCount(2) - gen2,
            PeakRssMiB = PeakMemory.MiB,
            MeanIou = iou / frames,
        };

        void One(long sequence)
        {
            result.Times = StageTimes.None;
            var since = Stopwatch.GetTimestamp();
            stretch.Fill(pixels, shrunk);
            var embedding = embeddings.Get(new FrameKey("bench", sequence), shrunk, ref result.Times);
            embedding.StandFor(width, height);
            result.Times.Close(Stage.Resize, since);
            clicks.Run(segmenter, embedding, result, saliencyEvery);
            since = Stopwatch.GetTimestamp();
            var facts = new MaskInfo
            {
                Device = "bench",
                Camera = "bench",
                Session = "0",
                Sequence = sequence,
                CapturedUtc = default,
                CapturedNs = 1,
                TimeSource = "arrival",
                ClockSynced = true,
                Width = width,
                Height = height,
                Model = model.Info,
                Saliency = result.Saliency,
                AgeMs = 1,
                Drops = 0,
                Degraded = false,
            };
            var message = writer.Write(facts, result, MessageLimits.MaxMessageBytes);
            since = result.Times.Close(Stage.Encode, since);
            outbox.OfferStream("bench", message, MqttLink.Json, MqttLimits.MaskExpiryS);
            result.Times.Close(Stage.Publish, since);
        }
    }

    private static double InModel(double[] frame)
    {
        var ms = 0.0;
        foreach (var stage in (ReadOnlySpan<Stage>)[Stage.Embed, Stage.Saliency, Stage.Decode])
            if (double.IsFinite(frame[(int)stage]))
                ms += frame[(int)stage];
        return ms;
    }

    private static Dictionary<string, (double P50, double P95)> Percentiles(double[][] each)
    {
        var all = new Dictionary<string, (double, double)>();
        for (var s = 0; s <= StageTimes.Count; s++)
        {
            double[] ms = [.. each.Select(f => f[s]).Where(double.IsFinite).Order()];
            if (ms.Length > 0)
                all[s < StageTimes.Count ? StageTimes.Names[s] : "frame"] = (At(ms, 50), At(ms, 95));
        }

        return all;

        static double At(double[] sorted, int percent) =>
            sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * percent / 100.0) - 1, 0, sorted.Length - 1)];
    }
}
