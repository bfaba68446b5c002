using System.Diagnostics;
using EdgeSeg.Vision.AutomaticMasks;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;

namespace EdgeSeg.Bench;

/// <summary>
/// Automatic masks as one writes them first, after EfficientSAM's own example: each query with full-size masks from the graph, the best
/// one's logits of every query kept until the end, then filters, small regions and overlapping boxes. Kinder than the example in one thing:
/// of three masks only the best is kept.
/// </summary>
internal static class StraightforwardWay
{
    public static (double EmbedMs, double RestMs, int Masks) Run(
        string encoderFile,
        string decoderFile,
        Mat pixels,
        AutomaticMaskOptions options
    )
    {
        int w = pixels.Cols,
            h = pixels.Rows,
            cells = w * h;
        using var run = new RunOptions();
        using var encoder = new InferenceSession(encoderFile);
        using var decoder = new InferenceSession(decoderFile);
        using var picture = OrtValue.CreateTensorValueFromMemory(Planes(pixels), [1, 3, h, w]);
        var inputs = new Dictionary<string, OrtValue> { ["batched_images"] = picture };
        encoder.Run(run, inputs, ["image_embeddings"]).Dispose();
        var since = Stopwatch.GetTimestamp();
        using var features = encoder.Run(run, inputs, ["image_embeddings"]);
        var embedMs = Stopwatch.GetElapsedTime(since).TotalMilliseconds;

        since = Stopwatch.GetTimestamp();
        var kept = new List<(float Score, float[] Logits)>();
        using var label = OrtValue.CreateTensorValueFromMemory(new[] { 1f }, [1, 1, 1]);
        using var size = OrtValue.CreateTensorValueFromMemory(new long[] { h, w }, [2]);
        for (var i = 0; i < options.PointsPerSide * options.PointsPerSide; i++)
        {
            float[] point =
            [
                (i % options.PointsPerSide + 0.5f) / options.PointsPerSide * w,
                (i / options.PointsPerSide + 0.5f) / options.PointsPerSide * h,
            ];
            using var at = OrtValue.CreateTensorValueFromMemory(point, [1, 1, 1, 2]);
            using var answers = decoder.Run(
                run,
                new Dictionary<string, OrtValue>
                {
                    ["image_embeddings"] = features[0],
                    ["batched_point_coords"] = at,
                    ["batched_point_labels"] = label,
                    ["orig_im_size"] = size,
                },
                ["output_masks", "iou_predictions"]
            );
            var scores = answers[1].GetTensorDataAsSpan<float>().ToArray();
            var best = Array.IndexOf(scores, scores.Max());
            kept.Add((scores[best], answers[0].GetTensorDataAsSpan<float>().Slice(best * cells, cells).ToArray()));
        }

        var masks = kept.Where(k =>
                k.Score > options.PredictedIouThreshold
                && Stability(k.Logits, options.StabilityScoreOffset) > options.StabilityScoreThreshold
            )
            .Select(k => (k.Score, Mask: Cleaned(k.Logits, w, h, options.MinMaskRegionArea ?? 0)))
            .OrderByDescending(m => m.Score)
            .ToList();
        var distinct = new List<Rect>();
        foreach (var (_, mask) in masks)
        {
            var box = Box(mask, w, h);
            if (!distinct.Exists(d => Overlap(d, box) > options.NmsThreshold))
                distinct.Add(box);
        }

        return (embedMs, Stopwatch.GetElapsedTime(since).TotalMilliseconds, distinct.Count);
    }

    private static float Stability(float[] logits, float offset)
    {
        int above = 0,
            below = 0;
        foreach (var v in logits)
        {
            if (v > offset)
                above++;
            if (v > -offset)
                below++;
        }

        return below == 0 ? 0 : (float)above / below;
    }

    private static byte[] Cleaned(float[] logits, int w, int h, double minPx)
    {
        var mask = Array.ConvertAll(logits, v => v >= 0 ? (byte)1 : (byte)0);
        foreach (var holes in (bool[])[true, false])
        {
            using var set = Mat.FromPixelData(h, w, MatType.CV_8UC1, Array.ConvertAll(mask, m => holes ? (byte)(1 - m) : m));
            using Mat labels = new(),
                figures = new(),
                centres = new();
            var count = Cv2.ConnectedComponentsWithStats(set, labels, figures, centres);
            labels.GetArray(out int[] of);
            var small = Enumerable.Range(0, count).Select(i => i > 0 && figures.At<int>(i, 4) < minPx).ToArray();
            for (var i = 0; i < mask.Length; i++)
                if (small[of[i]])
                    mask[i] = holes ? (byte)1 : (byte)0;
        }

        return mask;
    }

    private static Rect Box(byte[] mask, int w, int h)
    {
        using var set = Mat.FromPixelData(h, w, MatType.CV_8UC1, mask);
        return Cv2.BoundingRect(set);
    }

    private static double Overlap(Rect a, Rect b)
    {
        var both = a & b;
        double shared = both.Width * (double)both.Height;
        return shared / (a.Width * (double)a.Height + b.Width * (double)b.Height - shared);
    }

    private static unsafe float[] Planes(Mat pixels)
    {
        int w = pixels.Cols,
            h = pixels.Rows;
        var planes = new float[3 * w * h];
        for (var y = 0; y < h; y++)
        {
            for (var x = 0; x < w; x++)
            {
                for (var c = 0; c < 3; c++)
                    planes[c * w * h + y * w + x] = ((byte*)pixels.Ptr(y))[3 * x + 2 - c] / 255f;
            }
        }

        return planes;
    }
}
