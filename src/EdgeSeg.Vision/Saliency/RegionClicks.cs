using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Saliency;

/// <summary>
/// Five clicks on a region: its centre of mass, and those of its four quarters, split at that centre (order: whole, upper left, upper
/// right, lower left, lower right). A centre that falls off the region is moved to the region's nearest pixel; a quarter without pixels
/// gives no click.
/// </summary>
internal static class RegionClicks
{
    /// <summary>Adds the clicks to a prompt. Returns the region's area in map pixels.</summary>
    /// <param name="region">Runs in map pixels; at least one.</param>
    /// <param name="width">Of the map.</param>
    /// <param name="height">Of the map.</param>
    /// <param name="sx">Pixels of the prompt's picture for each map pixel, in x.</param>
    /// <param name="sy">The same in y.</param>
    /// <param name="prompt">Receives at most five clicks.</param>
    /// <param name="most">Clicks that the prompt may get.</param>
    public static long Add(
        ReadOnlySpan<Run> region,
        int width,
        int height,
        double sx,
        double sy,
        PromptBuffer prompt,
        int most = PromptBuffer.MaxPoints
    )
    {
        var whole = Mass.Of(region, 0, width, 0, height);
        // pixel x lies left of the centre when its own centre does; the split is at whole columns and rows
        int cx = Math.Clamp((int)Math.Ceiling(whole.X - 0.5), 0, width),
            cy = Math.Clamp((int)Math.Ceiling(whole.Y - 0.5), 0, height);
        ReadOnlySpan<Mass> parts =
        [
            whole,
            Mass.Of(region, 0, cx, 0, cy),
            Mass.Of(region, cx, width, 0, cy),
            Mass.Of(region, 0, cx, cy, height),
            Mass.Of(region, cx, width, cy, height),
        ];
        foreach (var part in parts)
        {
            if (part.Area == 0 || prompt.ClickCount >= most)
                continue;
            var (x, y) = OntoRegion(region, part.X, part.Y);
            prompt.Add(new Click((float)(x * sx), (float)(y * sy)));
        }

        return whole.Area;
    }

    /// <summary>The point itself when its pixel belongs to the region, else the centre of the region's nearest pixel.</summary>
    private static (double X, double Y) OntoRegion(ReadOnlySpan<Run> region, double x, double y)
    {
        var best = double.PositiveInfinity;
        var at = (X: x, Y: y);
        foreach (var run in region)
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

    /// <summary>Area and centre of mass (pixel centres at +0.5) of the part of a region inside a window.</summary>
    private readonly record struct Mass(long Area, double X, double Y)
    {
        public static Mass Of(ReadOnlySpan<Run> region, int x0, int x1, int y0, int y1)
        {
            long area = 0;
            double sumX = 0,
                sumY = 0;
            foreach (var run in region)
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
