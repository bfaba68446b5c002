using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// Writes column-major runs into the transpose of a mask, where a column is a row of words. The input is not trusted: the size is checked
/// before memory is allocated for it, and each run before it is written. When <see cref="Problem"/> is set, later runs are ignored.
/// </summary>
internal ref struct RunFill
{
    private readonly BinaryMask columns;
    private readonly int width,
        height;
    private long position;

    public RunFill(BinaryMask columns, int width, int height)
    {
        (this.columns, this.width, this.height) = (columns, width, height);
        if (width <= 0 || height <= 0 || (long)width * height > PictureBounds.MaxPixels)
        {
            Problem = $"a mask of {width}x{height} is not possible: a mask has 1 to {PictureBounds.MaxPixels} pixels";
            return;
        }

        columns.Reset(height, width);
    }

    /// <summary>One sentence on what is wrong; empty when there is no problem.</summary>
    public string Problem { get; set; } = "";

    /// <summary>Adds run number <paramref name="index"/> (odd ones are set pixels).</summary>
    public void Add(long run, int index)
    {
        if (Problem.Length != 0)
            return;
        if (run < 0 || position + run > (long)width * height)
        {
            Problem = $"run {index} of the counts is {run}: it ends outside the mask of {width}x{height}";
            return;
        }

        var end = position + run;
        if ((index & 1) == 0)
            position = end;
        while (position < end)
        {
            var (x, y) = Math.DivRem(position, height);
            var to = Math.Min(height, y + end - position);
            columns.SetRun((int)x, (int)y, (int)to);
            position += to - y;
        }
    }

    /// <summary>The problem, or empty when the runs add up to the mask.</summary>
    public string Finish()
    {
        if (Problem.Length == 0 && position != (long)width * height)
            Problem = $"the counts describe {position} pixels, a mask of {width}x{height} has {(long)width * height}";
        return Problem;
    }
}
