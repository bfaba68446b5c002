using OpenCvSharp;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// Removes small islands and fills small holes of a map of logits by turning their signs, so that what is enlarged from it has neither. Regions touch also at
/// corners. The largest island always stays. Scratch is kept: one instance a thread.
/// </summary>
internal sealed class SmallRegions(int width, int height) : IDisposable
{
    private readonly Mat set = new(height, width, MatType.CV_8UC1),
        labels = new(),
        figures = new(),
        centres = new();

    /// <param name="logits">Height x width, row-major; foreground > 0.</param>
    /// <param name="minCells">Smaller regions go, in cells of the map.</param>
    public void Mend(Span<float> logits, double minCells)
    {
        if (minCells <= 1)
            return;
        Turn(logits, minCells, islands: false);
        Turn(logits, minCells, islands: true);
    }

    private unsafe void Turn(Span<float> logits, double minCells, bool islands)
    {
        var pixels = new Span<byte>((void*)set.Data, logits.Length);
        for (var i = 0; i < logits.Length; i++)
            pixels[i] = logits[i] > 0 == islands ? (byte)255 : (byte)0;
        var count = Cv2.ConnectedComponentsWithStats(set, labels, figures, centres, PixelConnectivity.Connectivity8, MatType.CV_32SC1);
        // label 0 is what is not looked at
        if (count <= (islands ? 2 : 1))
            return;
        var areas = new int[count];
        for (var i = 1; i < count; i++)
            areas[i] = figures.At<int>(i, (int)ConnectedComponentsTypes.Area);
        var largest = Array.IndexOf(areas, areas.Max());
        var small = Enumerable.Range(0, count).Select(i => i > 0 && areas[i] < minCells && !(islands && i == largest)).ToArray();
        if (!small.Contains(true))
            return;
        var label = new ReadOnlySpan<int>((void*)labels.Data, logits.Length);
        for (var i = 0; i < logits.Length; i++)
        {
            // a 0 that is to be foreground cannot be turned
            if (small[label[i]])
                logits[i] = islands ? -logits[i] : Math.Max(-logits[i], float.Epsilon);
        }
    }

    public void Dispose()
    {
        set.Dispose();
        labels.Dispose();
        figures.Dispose();
        centres.Dispose();
    }
}
