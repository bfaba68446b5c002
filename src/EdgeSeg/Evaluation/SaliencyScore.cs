using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Evaluation;

/// <summary>Compares a saliency heat map, enlarged to the photograph, with the mask of the salient object.</summary>
internal static class SaliencyScore
{
    /// <summary>
    /// Adds precision and recall at each threshold and the mean absolute error to <paramref name="tally"/>; pixels of <paramref
    /// name="ignored"/> do not count.
    /// </summary>
    public static void Add(SaliencyMap map, BinaryMask truth, BinaryMask ignored, Tally tally)
    {
        using var small = new Mat(map.Height, map.Width, MatType.CV_32FC1);
        Copy(map, small);
        using var large = new Mat();
        Cv2.Resize(small, large, new Size(truth.Width, truth.Height), 0, 0, InterpolationFlags.Linear);
        // pixels per saliency step, inside and outside of the truth: one walk serves all thresholds
        Span<long> inside = stackalloc long[Tally.SaliencySteps + 1],
            outside = stackalloc long[Tally.SaliencySteps + 1];
        inside.Clear();
        outside.Clear();
        double error = 0;
        long count = 0,
            positives = 0;
        for (var y = 0; y < truth.Height; y++)
        {
            var row = large.RowOf<float>(y);
            for (var x = 0; x < row.Length; x++)
            {
                if (ignored[x, y])
                    continue;
                var p = SaliencyMap.Probability(row[x]);
                var isTruth = truth[x, y];
                error += Math.Abs(p - (isTruth ? 1 : 0));
                count++;
                // thresholds i/20 that p exceeds: 0..19
                var step = Math.Clamp((int)Math.Ceiling(p * (Tally.SaliencySteps + 1)) - 1, 0, Tally.SaliencySteps);
                if (isTruth)
                {
                    positives++;
                    inside[step]++;
                }
                else
                    outside[step]++;
            }
        }

        if (count > 0)
            Sum(inside, outside, positives, error / count, tally);
    }

    private static void Sum(ReadOnlySpan<long> inside, ReadOnlySpan<long> outside, long positives, double error, Tally tally)
    {
        Span<double> precision = stackalloc double[Tally.SaliencySteps],
            recall = stackalloc double[Tally.SaliencySteps];
        long hit = 0,
            miss = 0;
        for (var i = Tally.SaliencySteps; i >= 1; i--)
        {
            hit += inside[i];
            miss += outside[i];
            // a map that claims nothing is wrong about nothing and finds nothing
            precision[i - 1] = hit + miss == 0 ? 0 : (double)hit / (hit + miss);
            recall[i - 1] = positives == 0 ? 0 : (double)hit / positives;
        }

        tally.AddSaliency(precision, recall, error);
    }

    private static unsafe Span<T> RowOf<T>(this Mat mat, int y)
        where T : unmanaged => new((void*)mat.Ptr(y), mat.Cols * mat.Channels());

    private static void Copy(SaliencyMap map, Mat mat)
    {
        for (var y = 0; y < map.Height; y++)
            map.Row(y).CopyTo(mat.RowOf<float>(y));
    }
}
