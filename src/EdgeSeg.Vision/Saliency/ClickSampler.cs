using System.Runtime.InteropServices;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Saliency;

/// <summary>Saliency map to five clicks on the most salient blob (<see cref="RegionClicks"/>).</summary>
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
        Peak = SaliencyMap.Probability(Greatest(map));
        double sx = (double)frameWidth / map.Width,
            sy = (double)frameHeight / map.Height;
        var area = RegionClicks.Add(Blob, map.Width, map.Height, sx, sy, prompt);
        MeanSaliency = (float)(sum / area);
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
}
