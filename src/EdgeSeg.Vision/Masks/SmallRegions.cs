using OpenCvSharp;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// Removes small islands and fills small holes of a map of logits by changing the signs of their cells, so that a mask enlarged from it has
/// neither. Regions are connected also at corners. The largest island always stays. Memory is kept between calls: one instance per thread.
/// </summary>
internal sealed class SmallRegions(int width, int height) : IDisposable
{
    private readonly Mat set = new(height, width, MatType.CV_8UC1),
        labels = new(),
        stats = new(),
        centres = new();

    /// <param name="logits">Height x width, row-major; foreground > 0.</param>
    /// <param name="minCells">Cells of the map: smaller regions are removed.</param>
    public void Remove(Span<float> logits, double minCells)
    {
        if (minCells <= 1)
            return;
        Invert(logits, minCells, islands: false);
        Invert(logits, minCells, islands: true);
    }

    private unsafe void Invert(Span<float> logits, double minCells, bool islands)
    {
        var pixels = new Span<byte>((void*)set.Data, logits.Length);
        for (var i = 0; i < logits.Length; i++)
            pixels[i] = logits[i] > 0 == islands ? (byte)255 : (byte)0;
        var count = Cv2.ConnectedComponentsWithStats(set, labels, stats, centres, PixelConnectivity.Connectivity8, MatType.CV_32SC1);
        // label 0 is the background
        if (count <= (islands ? 2 : 1))
            return;
        var areas = new int[count];
        for (var i = 1; i < count; i++)
            areas[i] = stats.At<int>(i, (int)ConnectedComponentsTypes.Area);
        var largest = Array.IndexOf(areas, areas.Max());
        var small = Enumerable.Range(0, count).Select(i => i > 0 && areas[i] < minCells && !(islands && i == largest)).ToArray();
        if (!small.Contains(true))
            return;
        var label = new ReadOnlySpan<int>((void*)labels.Data, logits.Length);
        for (var i = 0; i < logits.Length; i++)
        {
            // a 0 has no sign to change, and foreground is above 0
            if (small[label[i]])
                logits[i] = islands ? -logits[i] : Math.Max(-logits[i], float.Epsilon);
        }
    }

    public void Dispose()
    {
        set.Dispose();
        labels.Dispose();
        stats.Dispose();
        centres.Dispose();
    }
}
