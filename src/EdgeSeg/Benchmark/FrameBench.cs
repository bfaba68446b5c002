using System.Diagnostics;
using EdgeSeg.Capture;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Benchmark;

/// <summary>
/// Times the path of a frame from its pixels to the message in the outbox (<see cref="FramePath"/>), on the moving test scene.
/// </summary>
internal static class FrameBench
{
    /// <param name="model">Disposed at the end.</param>
    /// <param name="width">Of the frames, in pixels.</param>
    /// <param name="height">Of the frames, in pixels.</param>
    /// <param name="frames">Frames that are measured.</param>
    /// <param name="saliencyEvery">The saliency pass on every Nth frame.</param>
    public static FrameStats Run(LoadedModel model, int width, int height, int frames, int saliencyEvery)
    {
        using var source = new TestCamera(new TestScene(width, height, 30, 1, 0));
        source.Open();
        using var path = new FramePath(model, saliencyEvery);
        var known = new BinaryMask();
        var each = new double[frames][];
        for (var i = 0; i < frames; i++)
            each[i] = new double[StageTimes.Count + 1];
        var (iou, gen2, bytes) = (0.0, 0, 0L);
        for (var i = -FramePath.WarmUpFrames; i < frames; i++)
        {
            source.Grab();
            source.Retrieve(path.Frame.Pixels);
            if (i == 0)
                gen2 = GC.CollectionCount(2);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var since = Stopwatch.GetTimestamp();
            var result = path.Run();
            var ms = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            if (i < 0)
                continue;
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            for (var s = 0; s < StageTimes.Count; s++)
                each[i][s] = result.Times[(Stage)s];
            each[i][^1] = ms;
            source.MaskOf(i + FramePath.WarmUpFrames, known);
            iou += result.Found ? BinaryMask.Iou(result.Mask, known) : 0;
        }

        return new FrameStats
        {
            Precision = model.Precision,
            Threads = model.Threads,
            SaliencyEvery = saliencyEvery,
            Input = model.Segmenter.InputWidth,
            Frames = frames,
            Ms = Percentiles(each),
            OutsideModel = 1 - each.Sum(InModel) / each.Sum(f => f[^1]),
            BytesAFrame = (double)bytes / frames,
            Gen2 = GC.CollectionCount(2) - gen2,
            PeakRssMiB = PeakMemory.MiB,
            MeanIou = iou / frames,
        };
    }

    private static double InModel(double[] frame)
    {
        var ms = 0.0;
        foreach (var stage in (ReadOnlySpan<Stage>)[Stage.Embed, Stage.Saliency, Stage.Decode, Stage.Zoom])
            if (double.IsFinite(frame[(int)stage]))
                ms += frame[(int)stage];
        return ms;
    }

    private static Dictionary<string, (double P50, double P95)> Percentiles(double[][] each)
    {
        var all = new Dictionary<string, (double, double)>();
        for (var s = 0; s <= StageTimes.Count; s++)
        {
            List<double> ms = [.. each.Select(f => f[s]).Where(double.IsFinite)];
            if (ms.Count > 0)
                all[s < StageTimes.Count ? StageTimes.Names[s] : "frame"] = (FrameStats.Percentile(ms, 50), FrameStats.Percentile(ms, 95));
        }

        return all;
    }
}
