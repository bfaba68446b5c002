using System.Diagnostics;
using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Bench;

/// <summary>
/// Automatic masks of one photograph at 1280x720, ours beside the straightforward way, each in a process of its own, so that each one's
/// peak memory is its own. The filters are open: untrained weights are sure of nothing, and a mask that is thrown away early costs neither
/// way anything.
/// </summary>
internal static class AutomaticMasksBench
{
    private const int Width = 1280,
        Height = 720;

    public static int Run(string[] args)
    {
        if (args is [var way and ("ours" or "straightforward"), var encoder, var decoder, var photo, var grid])
            return One(way, encoder, decoder, photo, int.Parse(grid, CultureInfo.InvariantCulture));
        var side = args.Length > 3 ? args[3] : "32";
        Console.WriteLine("{0,-16} {1,10} {2,10} {3,10} {4,9} {5,6}", "way", "encoder ms", "all else s", "ms a query", "peak MiB", "masks");
        foreach (var one in (string[])["straightforward", "ours"])
        {
            using var process = Process.Start(
                new ProcessStartInfo(Environment.ProcessPath!, [.. Self(), "everything", one, args[0], args[1], args[2], side])
            )!;
            process.WaitForExit();
            if (process.ExitCode != 0)
                return process.ExitCode;
        }

        return 0;
    }

    public static string[] Self() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(AutomaticMasksBench).Assembly.Location] : [];

    private static int One(string way, string encoder, string decoder, string photo, int grid)
    {
        using var read = Cv2.ImRead(photo);
        using var pixels = new Mat();
        Cv2.Resize(read, pixels, new Size(Width, Height));
        var options = new AutomaticMaskOptions
        {
            PointsPerSide = grid,
            PredictedIouThreshold = float.NegativeInfinity,
            StabilityScoreThreshold = -1,
            MinMaskRegionArea = 100,
            MaxMaskBytes = int.MaxValue,
        };
        var (embedMs, restMs, masks) =
            way == "ours" ? Ours(encoder, decoder, pixels, options) : StraightforwardWay.Run(encoder, decoder, pixels, options);
        Console.WriteLine(
            string.Format(
                CultureInfo.InvariantCulture,
                "{0,-16} {1,10:0} {2,10:0.0} {3,10:0.0} {4,9:0} {5,6}",
                way,
                embedMs,
                restMs / 1000,
                restMs / grid / grid,
                PeakMemory.MiB,
                masks
            )
        );
        return 0;
    }

    private static (double EmbedMs, double RestMs, int Masks) Ours(
        string encoderFile,
        string decoderFile,
        Mat pixels,
        AutomaticMaskOptions options
    )
    {
        var encoder = new ModelSession(File.ReadAllBytes(encoderFile), encoderFile, 0, lean: true);
        var decoder = new ModelSession(File.ReadAllBytes(decoderFile), decoderFile, 1, lean: true);
        using var sam = new EfficientSam(encoder, decoder, saliencyModel: null);
        using var embedding = sam.CreateEmbedding();
        using var automaticMasks = new AutomaticMaskGenerator(sam, options);
        var times = StageTimes.None;
        sam.Encode(pixels, embedding, ref times);
        sam.EnsureEncoded(embedding, ref times);
        var since = Stopwatch.GetTimestamp();
        var found = automaticMasks.Run(embedding);
        return (times[Stage.Embed], Stopwatch.GetElapsedTime(since).TotalMilliseconds, found.Count);
    }
}
