using EdgeSeg.Vision.Images;
using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// Finds the place in a part of a frame where the colours are most like an object's, over a window of the object's size. Reused.
/// </summary>
internal sealed class ColourSearch : IDisposable
{
    private const int Side = 128,
        MinSide = 8;

    private const float Limit = 2;

    private readonly FrameResizer resizer = new();
    private readonly Mat small = new();
    private readonly ushort[] bins = new ushort[Side * Side];
    private readonly double[] sums = new double[(Side + 1) * (Side + 1)];

    /// <summary>False when no window is more like the object than like its surroundings.</summary>
    /// <param name="frame">8-bit BGR.</param>
    /// <param name="part">Where to search.</param>
    /// <param name="width">Of the object, in frame pixels.</param>
    /// <param name="height">The same.</param>
    /// <param name="appearance">The object's colours.</param>
    /// <param name="x">Centre of the best window, in frame pixels.</param>
    /// <param name="y">The same.</param>
    public bool TryFind(Mat frame, Rect part, double width, double height, Appearance appearance, out double x, out double y)
    {
        var scale = Math.Min(1, (double)Side / Math.Max(part.Width, part.Height));
        int columns = Math.Clamp((int)Math.Round(part.Width * scale), MinSide, Side),
            rows = Math.Clamp((int)Math.Round(part.Height * scale), MinSide, Side);
        small.Create(rows, columns, MatType.CV_8UC3);
        using (var pixels = frame.SubMat(part))
            resizer.Fill(pixels, small);
        appearance.Index(small, bins);
        Integrate(appearance.Evidence(), columns, rows);
        int halfX = Math.Max(1, (int)(width * scale) / 2),
            halfY = Math.Max(1, (int)(height * scale) / 2);
        var best = 0.0;
        (x, y) = (0, 0);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var sum = Sum(
                    Math.Max(0, column - halfX),
                    Math.Max(0, row - halfY),
                    Math.Min(columns, column + halfX + 1),
                    Math.Min(rows, row + halfY + 1)
                );
                if (sum <= best)
                    continue;
                best = sum;
                (x, y) = (part.X + (column + 0.5) * part.Width / columns, part.Y + (row + 0.5) * part.Height / rows);
            }
        }

        return best > 0;
    }

    private void Integrate(ReadOnlySpan<float> evidence, int columns, int rows)
    {
        Array.Clear(sums);
        for (var row = 0; row < rows; row++)
        {
            var line = 0.0;
            for (var column = 0; column < columns; column++)
            {
                line += Math.Clamp(evidence[bins[row * columns + column]], -Limit, Limit);
                sums[(row + 1) * (Side + 1) + column + 1] = sums[row * (Side + 1) + column + 1] + line;
            }
        }
    }

    private double Sum(int x0, int y0, int x1, int y1) =>
        sums[y1 * (Side + 1) + x1] - sums[y0 * (Side + 1) + x1] - sums[y1 * (Side + 1) + x0] + sums[y0 * (Side + 1) + x0];

    public void Dispose() => small.Dispose();
}
