using System.Runtime.InteropServices;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Saliency;

/// <summary>
/// Saliency map to five clicks: the most salient blob's centre of mass, and those of its four quarters, split at that centre (order: whole,
/// upper left, upper right, lower left, lower right). A centre outside the blob is moved to the blob's nearest pixel; a quarter without
/// pixels gives no click.
/// </summary>
internal sealed class ClickSampler
{
    private readonly Blobs blobs = new();
    private readonly List<Run> blob = [];

    /// <summary>Runs of the last most salient blob, in map pixels.</summary>
    public ReadOnlySpan<Run> Blob => CollectionsMarshal.AsSpan(blob);

    /// <summary>0..1: mean saliency over the last blob.</summary>
    public float MeanSaliency { get; private set; }

    /// <summary>0..1: greatest saliency in the last blob.</summary>
    public float Peak { get; private set; }

    /// <summary>
    /// Adds the clicks, in pixels of a frame of the given size, to <paramref name="prompt"/>. False when nothing is above the threshold.
    /// </summary>
    public bool Sample(SaliencyMap map, float threshold, int frameWidth, int frameHeight, PromptBuffer prompt)
    {
        var sum = blobs.MostSalient(map, threshold, blob);
        if (sum <= 0)
            return false;
        var whole = Mass.Of(Blob, 0, map.Width, 0, map.Height);
        MeanSaliency = (float)(sum / whole.Area);
        Peak = SaliencyMap.Probability(Greatest(map));
        double sx = (double)frameWidth / map.Width,
            sy = (double)frameHeight / map.Height;
        Add(whole, sx, sy, prompt);
        // pixel x lies left of the centre when its own centre does; the split is at whole columns and rows
        int cx = Math.Clamp((int)Math.Ceiling(whole.X - 0.5), 0, map.Width),
            cy = Math.Clamp((int)Math.Ceiling(whole.Y - 0.5), 0, map.Height);
        Add(Mass.Of(Blob, 0, cx, 0, cy), sx, sy, prompt);
        Add(Mass.Of(Blob, cx, map.Width, 0, cy), sx, sy, prompt);
        Add(Mass.Of(Blob, 0, cx, cy, map.Height), sx, sy, prompt);
        Add(Mass.Of(Blob, cx, map.Width, cy, map.Height), sx, sy, prompt);
        return true;
    }

    private float Greatest(SaliencyMap map)
    {
        var greatest = float.NegativeInfinity;
        foreach (var run in Blob)
        {
            foreach (var logit in map.Row(run.Y)[run.From..run.To])
                greatest = Math.Max(greatest, logit);
        }

        return greatest;
    }

    private void Add(Mass mass, double sx, double sy, PromptBuffer prompt)
    {
        if (mass.Area == 0)
            return;
        var (x, y) = OntoBlob(mass.X, mass.Y);
        prompt.Add(new Click((float)(x * sx), (float)(y * sy)));
    }

    /// <summary>The point itself when its pixel belongs to the blob, else the centre of the blob's nearest pixel.</summary>
    private (double X, double Y) OntoBlob(double x, double y)
    {
        var best = double.PositiveInfinity;
        var at = (X: x, Y: y);
        foreach (var run in Blob)
        {
            if (run.Y == (int)y && x >= run.From && x < run.To)
                return (x, y);
            var nearX = Math.Clamp(x, run.From + 0.5, run.To - 0.5);
            var nearY = run.Y + 0.5;
            var distance = (nearX - x) * (nearX - x) + (nearY - y) * (nearY - y);
            if (distance < best)
                (best, at) = (distance, (nearX, nearY));
        }

        return at;
    }

    /// <summary>Area and centre of mass (pixel centres at +0.5) of the part of a blob inside a window.</summary>
    private readonly record struct Mass(long Area, double X, double Y)
    {
        public static Mass Of(ReadOnlySpan<Run> blob, int x0, int x1, int y0, int y1)
        {
            long area = 0;
            double sumX = 0,
                sumY = 0;
            foreach (var run in blob)
            {
                if (run.Y < y0 || run.Y >= y1)
                    continue;
                int from = Math.Max(run.From, x0),
                    to = Math.Min(run.To, x1);
                if (from >= to)
                    continue;
                long n = to - from;
                area += n;
                sumX += n * (from + to) / 2.0;
                sumY += n * (run.Y + 0.5);
            }

            return area == 0 ? default : new Mass(area, sumX / area, sumY / area);
        }
    }
}
