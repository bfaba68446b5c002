using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>Frames of a red, textured ellipse on grey texture; the texture belongs to the thing that it is on.</summary>
internal sealed class MadeVideo
{
    public const int Width = 320,
        Height = 240;

    private readonly byte[] background = Noise(Width, Height, 7),
        surface = Noise(256, 256, 11);

    /// <summary>What is on a frame.</summary>
    /// <param name="X">Centre of the ellipse.</param>
    /// <param name="Y">Centre of the ellipse.</param>
    /// <param name="Scale">1: semi-axes of 30 and 22 pixels.</param>
    /// <param name="Bar">Left edge of a grey bar of 90 pixels that covers what is below it; null: none.</param>
    /// <param name="Colour">Added to the texture of the ellipse: blue, green, red; null: red.</param>
    /// <param name="IsGone">No ellipse.</param>
    internal sealed record Scene(
        double X,
        double Y,
        double Scale = 1,
        int? Bar = null,
        (int B, int G, int R)? Colour = null,
        bool IsGone = false
    );

    /// <summary>The frame, and the mask of the visible part of the ellipse; the caller disposes both.</summary>
    public unsafe (Mat Frame, Mat Mask) Draw(Scene scene)
    {
        var frame = new Mat(Height, Width, MatType.CV_8UC3);
        var mask = new Mat(Height, Width, MatType.CV_8UC1);
        var (blue, green, red) = scene.Colour ?? (20, 20, 150);
        for (var y = 0; y < Height; y++)
        {
            var pixels = new Span<byte>((void*)frame.Ptr(y), 3 * Width);
            var bits = new Span<byte>((void*)mask.Ptr(y), Width);
            for (var x = 0; x < Width; x++)
            {
                double u = (x + 0.5 - scene.X) / scene.Scale,
                    v = (y + 0.5 - scene.Y) / scene.Scale;
                var isCovered = scene.Bar is { } bar && x >= bar && x < bar + 90;
                var isObject = !scene.IsGone && !isCovered && u * u / 900 + v * v / 484 < 1;
                bits[x] = isObject ? (byte)255 : (byte)0;
                var texture =
                    isCovered ? 90
                    : isObject ? surface[((int)(v + 128) & 255) * 256 + ((int)(u + 128) & 255)] / 3
                    : 60 + background[y * Width + x] / 2;
                pixels[3 * x] = (byte)(isObject ? texture + blue : texture);
                pixels[3 * x + 1] = (byte)(isObject ? texture + green : texture);
                pixels[3 * x + 2] = (byte)(isObject ? texture + red : texture);
            }
        }

        return (frame, mask);
    }

    /// <summary>Noise smoothed over 5 x 5 pixels, stretched to the full range.</summary>
    private static byte[] Noise(int width, int height, uint state)
    {
        var raw = new int[width * height];
        for (var i = 0; i < raw.Length; i++)
        {
            state = state * 1664525 + 1013904223;
            raw[i] = (int)(state >> 24);
        }

        var smooth = new byte[raw.Length];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var sum = 0;
                for (var i = 0; i < 25; i++)
                    sum += raw[(y + i / 5 - 2 + height) % height * width + (x + i % 5 - 2 + width) % width];
                smooth[y * width + x] = (byte)Math.Clamp((sum / 25 - 128) * 4 + 128, 0, 255);
            }
        }

        return smooth;
    }
}
