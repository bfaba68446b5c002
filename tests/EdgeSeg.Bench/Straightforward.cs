using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Bench;

/// <summary>The kernels' references: correct, and as one writes them first.</summary>
internal static class Straightforward
{
    /// <summary>Flood fill from every pixel, a list of points a blob, means over them. Returns the number of points.</summary>
    public static int FiveClicks(float[] logits, int side)
    {
        var seen = new bool[logits.Length];
        var best = new List<(int X, int Y)>();
        var most = 0.0;
        for (var start = 0; start < logits.Length; start++)
        {
            if (seen[start] || logits[start] <= 0)
                continue;
            var blob = new List<(int X, int Y)>();
            var sum = 0.0;
            var open = new Stack<(int X, int Y)>();
            open.Push((start % side, start / side));
            seen[start] = true;
            while (open.TryPop(out var p))
            {
                blob.Add(p);
                sum += 1 / (1 + Math.Exp(-logits[p.Y * side + p.X]));
                for (var dy = -1; dy <= 1; dy++)
                {
                    for (var dx = -1; dx <= 1; dx++)
                    {
                        int x = p.X + dx,
                            y = p.Y + dy;
                        if (x < 0 || y < 0 || x >= side || y >= side || seen[y * side + x] || logits[y * side + x] <= 0)
                            continue;
                        seen[y * side + x] = true;
                        open.Push((x, y));
                    }
                }
            }

            if (sum > most)
                (most, best) = (sum, blob);
        }

        double cx = best.Average(p => p.X),
            cy = best.Average(p => p.Y);
        var quarters = best.GroupBy(p => (p.X < cx, p.Y < cy)).Select(g => (g.Average(p => p.X), g.Average(p => p.Y)));
        return 1 + quarters.Count();
    }

    /// <summary>Bilinear, pixel by pixel.</summary>
    public static int Enlarge(float[] logits, int side, int w, int h, byte[] mask)
    {
        var area = 0;
        for (var y = 0; y < h; y++)
        {
            for (var x = 0; x < w; x++)
            {
                float sx = Math.Clamp((x + 0.5f) * side / w - 0.5f, 0, side - 1),
                    sy = Math.Clamp((y + 0.5f) * side / h - 0.5f, 0, side - 1);
                int x0 = (int)sx,
                    y0 = (int)sy,
                    x1 = Math.Min(x0 + 1, side - 1),
                    y1 = Math.Min(y0 + 1, side - 1);
                float fx = sx - x0,
                    fy = sy - y0;
                var top = logits[y0 * side + x0] * (1 - fx) + logits[y0 * side + x1] * fx;
                var bottom = logits[y1 * side + x0] * (1 - fx) + logits[y1 * side + x1] * fx;
                mask[y * w + x] = top * (1 - fy) + bottom * fy > 0 ? (byte)1 : (byte)0;
                area += mask[y * w + x];
            }
        }

        return area;
    }

    /// <summary>COCO's compressed counts from a byte a pixel, column by column.</summary>
    public static string RunLengths(byte[] mask, int w, int h)
    {
        var runs = new List<int>();
        byte last = 0;
        var run = 0;
        for (var x = 0; x < w; x++)
        {
            for (var y = 0; y < h; y++)
            {
                if (mask[y * w + x] != last)
                {
                    runs.Add(run);
                    (run, last) = (0, mask[y * w + x]);
                }

                run++;
            }
        }

        runs.Add(run);
        var text = new StringBuilder();
        for (var i = 0; i < runs.Count; i++)
        {
            var value = i > 2 ? runs[i] - runs[i - 2] : runs[i];
            var more = true;
            while (more)
            {
                var group = value & 31;
                value >>= 5;
                more = value != ((group & 16) != 0 ? -1 : 0);
                text.Append((char)(48 + group + (more ? 32 : 0)));
            }
        }

        return text.ToString();
    }

    public static MaskInfo Info(int w, int h) =>
        new()
        {
            Device = "robot-7",
            Camera = "front",
            Session = "871fee809c61",
            Number = 1234,
            Sequence = 1234,
            CapturedUtc = DateTimeOffset.UnixEpoch,
            CapturedNs = 1,
            TimeSource = "arrival",
            ClockSynced = true,
            Width = w,
            Height = h,
            Model = new ModelInfo("squeezesam", "1", "aeaf0b6a15d1dd6f", "int8"),
            Saliency = 0.9,
            AgeMs = 40,
            Drops = 0,
            Degraded = false,
        };

    /// <summary>The same fields as objects, for the serialiser that reflects.</summary>
    public static object Message(string counts, Segmentation result) =>
        new
        {
            v = 1,
            request = (string?)null,
            device = "robot-7",
            camera = "front",
            session = "871fee809c61",
            sequence = 1234,
            frame = "871fee809c61-front-1234",
            captured_utc = DateTime.UnixEpoch,
            captured_ns = 1,
            time_source = "arrival",
            clock_synced = true,
            image = new[] { result.Mask.Width, result.Mask.Height },
            prompt = new
            {
                source = "auto",
                clicks = result.Prompt.Clicks.ToArray(),
                box = (int[]?)null,
            },
            found = true,
            score = 0.9,
            predicted_iou = 0.9,
            saliency = 0.9,
            area = result.Geometry.Area,
            box = new[] { result.Geometry.Left, result.Geometry.Top, result.Geometry.Width, result.Geometry.Height },
            mask = new
            {
                format = "coco_rle",
                size = new[] { result.Mask.Height, result.Mask.Width },
                counts,
            },
            model = new
            {
                name = "squeezesam",
                version = "1",
                sha256 = "aeaf0b6a15d1dd6f",
                precision = "int8",
            },
            ms = new
            {
                resize = 1.2,
                saliency = 12.3,
                decode = 12.4,
            },
            age_ms = 40,
            drops = 0,
            degraded = false,
        };
}
