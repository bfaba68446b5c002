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
        Reserve(map);
        Label(map, SaliencyMap.Logit(threshold));
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

    private void Label(SaliencyMap map, float threshold)
    {
        count = 0;
        var above = 0; // first run of the row above that can still touch
        for (var y = 0; y < map.Height; y++)
        {
            var rowStart = count;
            var row = map.Row(y);
            for (var x = 0; x < row.Length; x++)
            {
                if (!(row[x] > threshold))
                    continue;
                var from = x;
                double sum = 0;
                for (; x < row.Length && row[x] > threshold; x++)
                    sum += SaliencyMap.Probability(row[x]);
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

    private void Reserve(SaliencyMap map)
    {
        // a row has at most one run per two pixels
        var most = (map.Width + 1) / 2 * map.Height;
        if (runs.Length >= most)
            return;
        runs = new Run[most];
        parents = new int[most];
        sums = new double[most];
    }
}
