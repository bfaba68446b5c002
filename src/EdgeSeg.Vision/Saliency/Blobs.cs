namespace EdgeSeg.Vision.Saliency;

/// <summary>
/// A horizontal run of pixels of one blob: row <see cref="Y"/>, columns <see cref="From"/> (included) to <see cref="To"/> (excluded).
/// </summary>
internal readonly record struct Run(int Y, int From, int To);

/// <summary>
/// Connected blobs (8-neighbourhood) of the pixels above a threshold, found in one pass over the map: runs of a row are joined with
/// touching runs of the row above by union-find. Memory is kept between frames.
/// </summary>
internal sealed class Blobs
{
    private Run[] runs = [];
    private int[] parents = [];
    private double[] sums = [];
    private int count;

    /// <summary>
    /// The most salient blob: the one with the greatest sum of saliency (0..1 a pixel). Its runs, in reading order, are appended to
    /// <paramref name="blob"/>. Returns that sum; 0 when no pixel is above the threshold.
    /// </summary>
    public double MostSalient(SaliencyMap map, float threshold, List<Run> blob)
    {
        blob.Clear();
        Label(map.Logits, map.Width, map.Height, SaliencyMap.Logit(threshold));
        var best = -1;
        for (var i = 0; i < count; i++)
        {
            if (parents[i] == i && (best < 0 || sums[i] > sums[best]))
                best = i;
        }

        if (best < 0)
            return 0;
        for (var i = 0; i < count; i++)
        {
            if (Root(i) == best)
                blob.Add(runs[i]);
        }

        return sums[best];
    }

    /// <summary>Labels the blobs of a mask's logits (above 0), for <see cref="BoxAt"/>.</summary>
    public void Label(ReadOnlySpan<float> logits, int width, int height) => Label(logits, width, height, float.NaN);

    /// <summary>
    /// The box of the labelled blob that holds a point, or of the blob nearest to it: left, top, right, bottom in pixels of the map, edges.
    /// Null where there is no blob.
    /// </summary>
    public (int X0, int Y0, int X1, int Y1)? BoxAt(double x, double y)
    {
        var (nearest, least) = (-1, double.PositiveInfinity);
        for (var i = 0; i < count; i++)
        {
            var run = runs[i];
            // distance to the run's area; 0 inside
            var dx = Math.Max(0, Math.Max(run.From - x, x - run.To));
            var dy = Math.Max(0, Math.Max(run.Y - y, y - (run.Y + 1)));
            var distance = dx * dx + dy * dy;
            if (distance < least)
                (nearest, least) = (i, distance);
        }

        if (nearest < 0)
            return null;
        var root = Root(nearest);
        (int X0, int Y0, int X1, int Y1) box = (int.MaxValue, int.MaxValue, 0, 0);
        for (var i = 0; i < count; i++)
        {
            if (Root(i) != root)
                continue;
            var run = runs[i];
            box = (Math.Min(box.X0, run.From), Math.Min(box.Y0, run.Y), Math.Max(box.X1, run.To), Math.Max(box.Y1, run.Y + 1));
        }

        return box;
    }

    /// <param name="logits">Row-major.</param>
    /// <param name="width">Of the map.</param>
    /// <param name="height">Of the map.</param>
    /// <param name="threshold">A logit; NaN: 0, and the sums of saliency are not wanted.</param>
    private void Label(ReadOnlySpan<float> logits, int width, int height, float threshold)
    {
        Reserve(width, height);
        count = 0;
        var isSummed = !float.IsNaN(threshold);
        if (!isSummed)
            threshold = 0;
        var above = 0; // first run of the row above that can still touch
        for (var y = 0; y < height; y++)
        {
            var rowStart = count;
            var row = logits.Slice(y * width, width);
            for (var x = 0; x < row.Length; x++)
            {
                if (!(row[x] > threshold))
                    continue;
                var from = x;
                double sum = 0;
                for (; x < row.Length && row[x] > threshold; x++)
                    sum += isSummed ? SaliencyMap.Probability(row[x]) : 1;
                var run = Add(new Run(y, from, x), sum);
                // a run above touches when it shares a column or a corner
                while (above < rowStart && runs[above].To < from)
                    above++;
                for (var i = above; i < rowStart && runs[i].From <= x; i++)
                    Join(run, i);
            }

            above = rowStart;
        }
    }

    private int Add(Run run, double sum)
    {
        runs[count] = run;
        parents[count] = count;
        sums[count] = sum;
        return count++;
    }

    private int Root(int i)
    {
        while (parents[i] != i)
        {
            parents[i] = parents[parents[i]];
            i = parents[i];
        }

        return i;
    }

    private void Join(int a, int b)
    {
        (a, b) = (Root(a), Root(b));
        if (a == b)
            return;
        // the older root stays: its run is the blob's first in reading order
        var (older, newer) = a < b ? (a, b) : (b, a);
        parents[newer] = older;
        sums[older] += sums[newer];
    }

    private void Reserve(int width, int height)
    {
        // a row holds at most every other pixel as a run of its own
        var most = (width + 1) / 2 * height;
        if (runs.Length >= most)
            return;
        runs = new Run[most];
        parents = new int[most];
        sums = new double[most];
    }
}
