using EdgeSeg.Vision.Masks;

namespace EdgeSeg.Testing;

/// <summary>Masks for tests, each from a rule or a seed.</summary>
internal static class MaskSamples
{
    /// <summary>The sizes where words, blocks and their rests begin and end.</summary>
    public static readonly (int Width, int Height)[] Sizes =
    [
        (1, 1),
        (1, 65),
        (65, 1),
        (3, 200),
        (63, 64),
        (64, 63),
        (64, 64),
        (65, 65),
        (127, 66),
        (128, 128),
        (129, 190),
        (320, 7),
        (191, 257),
    ];

    public static BinaryMask Of(int width, int height, Func<long, long, bool> rule)
    {
        var mask = new BinaryMask();
        mask.Reset(width, height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                if (rule(x, y))
                    mask[x, y] = true;
        }
        return mask;
    }

    public static BinaryMask Noise(int width, int height, int seed, double share = 0.5)
    {
        var random = new Random(seed);
        return Of(width, height, (_, _) => random.NextDouble() < share);
    }

    /// <summary>300 x 260: a disc with an off-centre hole, a disc, and an oblong that touches the picture's corner.</summary>
    public static BinaryMask Blobs() =>
        Of(
            300,
            260,
            (x, y) => (In(x, y, 90, 110, 75) && !In(x, y, 100, 118, 33)) || In(x, y, 225, 80, 39) || (x > 180 && y > 190 && x + 2 * y > 590)
        );

    private static bool In(long x, long y, long cx, long cy, long r) => (x - cx) * (x - cx) + (y - cy) * (y - cy) < r * r;
}
