using EdgeSeg.Vision.Masks;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// A synthetic scene: a bright, grained disc on a Lissajous path over a dark, softly mottled background. The same seed gives the same
/// pictures, and the disc's mask is known for each (<see cref="MaskOf"/>).
/// </summary>
internal sealed class TestCamera(TestScene scene) : ICamera
{
    private readonly Mat background = new();
    private byte[] grain = [];
    private long index = -1;

    /// <summary>Radius of the disc in pixels: a fifth of the shorter side.</summary>
    public int Radius { get; } = Math.Min(scene.Width, scene.Height) / 5;

    public double PositionMs => 0;

    public string Reason => "";

    public CameraFormat Open()
    {
        var random = new Random(scene.Seed);
        // mottles: a small random picture enlarged smoothly, the same on every machine
        using var small = new Mat(9, 16, MatType.CV_8UC3);
        random.NextBytes(small.AsSpan<byte>());
        Cv2.Resize(small, background, new Size(scene.Width, scene.Height), 0, 0, InterpolationFlags.Linear);
        background.ConvertTo(background, MatType.CV_8UC3, 0.25, 30);
        grain = new byte[(2 * Radius + 1) * 3];
        for (var i = 0; i < grain.Length; i++)
            grain[i] = (byte)(
                (i % 3) switch
                {
                    0 => 40,
                    1 => 190,
                    _ => 225,
                } + random.Next(30)
            );
        return new CameraFormat(scene.Width, scene.Height, scene.Fps, "synthetic", "arrival", scene.Fps > 0, true, scene.Fps);
    }

    public GrabOutcome Grab()
    {
        if (scene.Frames > 0 && index + 1 >= scene.Frames)
            return GrabOutcome.End;
        index++;
        return GrabOutcome.Ok;
    }

    public bool Retrieve(Mat picture)
    {
        background.CopyTo(picture);
        var (centreX, centreY) = CentreOf(index);
        for (var dy = -Radius; dy <= Radius; dy++)
        {
            var half = HalfWidth(dy);
            // each row and frame takes the grain from another place: nothing looks frozen where the path turns
            var row = picture.AsSpan<byte>().Slice(((centreY + dy) * scene.Width + centreX - half) * 3, (2 * half + 1) * 3);
            var shift = (int)((dy + Radius + index) % (2 * (Radius - half) + 1)) * 3;
            grain.AsSpan(shift, row.Length).CopyTo(row);
        }

        return true;
    }

    /// <summary>The disc of the frame with this index (from 0), before rotation and crop.</summary>
    public void MaskOf(long frame, BinaryMask mask)
    {
        mask.Reset(scene.Width, scene.Height);
        var (centreX, centreY) = CentreOf(frame);
        for (var dy = -Radius; dy <= Radius; dy++)
            mask.SetRun(centreY + dy, centreX - HalfWidth(dy), centreX + HalfWidth(dy) + 1);
    }

    private int HalfWidth(int dy) => (int)Math.Sqrt(Radius * Radius - dy * dy);

    /// <summary>Stays far enough from the border for the whole disc; a turn takes some 200 frames.</summary>
    private (int X, int Y) CentreOf(long frame)
    {
        var phase = scene.Seed % 100 * 0.1 + frame * (2 * Math.PI / 200);
        double roomX = scene.Width - 2 * Radius - 3,
            roomY = scene.Height - 2 * Radius - 3;
        return (
            Radius + 1 + (int)(roomX * (0.5 + 0.5 * Math.Sin(phase))),
            Radius + 1 + (int)(roomY * (0.5 + 0.5 * Math.Sin(1.5 * phase + 0.7)))
        );
    }

    public void Cancel() { }

    public void Dispose() => background.Dispose();
}
