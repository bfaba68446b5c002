using EdgeSeg.Vision.Images;

namespace EdgeSeg.Vision.Saliency;

/// <summary>The most salient blob of a frame, at the size of its saliency map. Reused.</summary>
internal sealed class SalientRegion(int width, int height)
{
    private readonly byte[] inside = new byte[width * height];
    private int[] columnOf = [];

    /// <summary>Its box, in shares (0..1) of the frame's width and height.</summary>
    public PixelWindow Box { get; private set; }

    /// <summary>Takes the blob's runs, in pixels of the map.</summary>
    public void Set(ReadOnlySpan<Run> blob)
    {
        Array.Clear(inside);
        (int x0, int y0, int x1, int y1) = (width, height, 0, 0);
        foreach (var run in blob)
        {
            inside.AsSpan(run.Y * width)[run.From..run.To].Fill(1);
            (x0, y0, x1, y1) = (Math.Min(x0, run.From), Math.Min(y0, run.Y), Math.Max(x1, run.To), Math.Max(y1, run.Y + 1));
        }

        Box = new PixelWindow((double)x0 / width, (double)y0 / height, (double)(x1 - x0) / width, (double)(y1 - y0) / height);
    }

    /// <summary>Whether the centres of a grid's cells lie in the blob, as bits: row-major, one a cell.</summary>
    /// <param name="window">What the grid covers, in shares of the frame.</param>
    /// <param name="columns">Of the grid.</param>
    /// <param name="rows">Of the grid.</param>
    /// <param name="bits">Gets columns x rows bits; what was there is overwritten.</param>
    public void Sample(PixelWindow window, int columns, int rows, Span<ulong> bits)
    {
        bits.Clear();
        if (columnOf.Length < columns)
            columnOf = new int[columns];
        for (var x = 0; x < columns; x++)
            columnOf[x] = Cell((window.X + (x + 0.5) / columns * window.Width) * width, width);
        var cell = 0;
        for (var y = 0; y < rows; y++)
        {
            var row = inside.AsSpan(Cell((window.Y + (y + 0.5) / rows * window.Height) * height, height) * width, width);
            for (var x = 0; x < columns; x++, cell++)
                bits[cell >> 6] |= (ulong)row[columnOf[x]] << cell;
        }
    }

    private static int Cell(double at, int cells) => Math.Clamp((int)at, 0, cells - 1);
}
