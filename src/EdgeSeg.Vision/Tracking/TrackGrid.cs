using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// What is known of an object's place: a grid of logits (above 0: object) over a rectangle of the frame. The grid has the size of the
/// model's masks, so its cells are fine where the object is small.
/// </summary>
internal sealed class TrackGrid
{
    /// <summary>Logits are kept within this range, so that old evidence can be overruled.</summary>
    public const float Limit = 4;

    private readonly float[] logits;

    public TrackGrid(int width, int height)
    {
        (Width, Height) = (width, height);
        logits = new float[width * height];
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The part of the frame that the grid covers.</summary>
    public Rect Area { get; private set; }

    public ReadOnlySpan<float> Logits => logits;

    /// <summary>Takes over logits of a part of the frame.</summary>
    public void Take(ReadOnlySpan<float> values, Rect area)
    {
        Area = area;
        for (var i = 0; i < logits.Length; i++)
            logits[i] = Math.Clamp(values[i], -Limit, Limit);
    }

    /// <summary>Whether a point of the frame lies on the object.</summary>
    public bool Contains(double x, double y)
    {
        double column = (x - Area.X) * Width / Area.Width,
            row = (y - Area.Y) * Height / Area.Height;
        return column >= 0 && row >= 0 && column < Width && row < Height && logits[(int)row * Width + (int)column] > 0;
    }

    /// <summary>
    /// The box around the moved object, in frame pixels, and possibly outside the frame. False when the grid holds no object.
    /// </summary>
    public bool TryBox(Affine motion, out Box box)
    {
        double x0 = double.PositiveInfinity,
            y0 = double.PositiveInfinity,
            x1 = double.NegativeInfinity,
            y1 = double.NegativeInfinity;
        double cellWidth = (double)Area.Width / Width,
            cellHeight = (double)Area.Height / Height;
        for (var row = 0; row < Height; row++)
        {
            var values = logits.AsSpan(row * Width, Width);
            var first = values.IndexOfAnyInRange(float.Epsilon, float.MaxValue);
            if (first < 0)
                continue;
            var last = values.LastIndexOfAnyInRange(float.Epsilon, float.MaxValue) + 1;
            foreach (var (column, line) in (ReadOnlySpan<(int, int)>)[(first, row), (last, row), (first, row + 1), (last, row + 1)])
            {
                var (x, y) = motion.Apply(Area.X + column * cellWidth, Area.Y + line * cellHeight);
                (x0, y0, x1, y1) = (Math.Min(x0, x), Math.Min(y0, y), Math.Max(x1, x), Math.Max(y1, y));
            }
        }

        box = new Box((float)x0, (float)y0, (float)x1, (float)y1);
        return x1 > x0 && y1 > y0;
    }

    /// <summary>The logits after a motion, over another part of the frame. What the grid did not cover is not the object.</summary>
    public void Move(Affine motion, Rect area, Span<float> target)
    {
        var back = motion.Inverse();
        double stepX = (double)area.Width / Width,
            stepY = (double)area.Height / Height,
            perColumn = (double)Width / Area.Width,
            perRow = (double)Height / Area.Height;
        for (var row = 0; row < Height; row++)
        {
            for (var column = 0; column < Width; column++)
            {
                var (x, y) = back.Apply(area.X + (column + 0.5) * stepX, area.Y + (row + 0.5) * stepY);
                target[row * Width + column] = Sample((x - Area.X) * perColumn - 0.5, (y - Area.Y) * perRow - 0.5);
            }
        }
    }

    private float Sample(double column, double row)
    {
        if (!(column > -1 && row > -1 && column < Width && row < Height))
            return -Limit;
        int left = (int)Math.Floor(column),
            top = (int)Math.Floor(row);
        float fx = (float)(column - left),
            fy = (float)(row - top);
        var upper = At(left, top) + (At(left + 1, top) - At(left, top)) * fx;
        var lower = At(left, top + 1) + (At(left + 1, top + 1) - At(left, top + 1)) * fx;
        return upper + (lower - upper) * fy;
    }

    /// <summary>The border repeats, for an object that the frame's edge cuts; <see cref="Sample"/> ends it after one cell.</summary>
    private float At(int column, int row) => logits[Math.Clamp(row, 0, Height - 1) * Width + Math.Clamp(column, 0, Width - 1)];

    /// <summary>The runs of values above 0.</summary>
    public static void Runs(ReadOnlySpan<float> values, int width, List<Run> runs)
    {
        runs.Clear();
        for (var row = 0; row < values.Length / width; row++)
        {
            for (var x = 0; x < width; x++)
            {
                if (values[row * width + x] <= 0)
                    continue;
                var from = x;
                while (x < width && values[row * width + x] > 0)
                    x++;
                runs.Add(new Run(row, from, x));
            }
        }
    }
}
