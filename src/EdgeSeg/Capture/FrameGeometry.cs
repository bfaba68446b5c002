using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// Rotates a picture (clockwise), then crops it, and converts points: wire coordinates are those of the result. Points are continuous: the
/// centre of the top-left pixel is (0.5, 0.5).
/// </summary>
internal sealed class FrameGeometry : IDisposable
{
    private readonly int rotate;
    private readonly Rect source;
    private Mat? part;
    private nint partOf;

    /// <summary>Throws an <see cref="OperatingException"/> when the crop does not lie inside the rotated picture.</summary>
    public FrameGeometry(int sourceWidth, int sourceHeight, int rotate, Crop? crop)
    {
        if (rotate is not (0 or 90 or 180 or 270))
            throw new OperatingException($"a camera cannot be rotated by {rotate} degrees; write 0, 90, 180 or 270", 2);
        (SourceWidth, SourceHeight, this.rotate) = (sourceWidth, sourceHeight, rotate);
        var (fullWidth, fullHeight) = rotate is 90 or 270 ? (sourceHeight, sourceWidth) : (sourceWidth, sourceHeight);
        Crop = crop ?? new Crop(0, 0, fullWidth, fullHeight);
        var (x, y, width, height) = Crop;
        if (
            x < 0
            || y < 0
            || width < PictureBounds.MinSide
            || height < PictureBounds.MinSide
            || x > fullWidth - width
            || y > fullHeight - height
        )
            throw new OperatingException(
                $"the crop {x},{y} {width}x{height} does not lie inside the rotated picture of {fullWidth}x{fullHeight} "
                    + $"or is below {PictureBounds.MinSide} pixels; correct it"
            );
        // the crop as the source sees it, so that only the part that is kept is rotated
        Click a = ToSource(new Click(0, 0)),
            b = ToSource(new Click(width, height));
        source = new Rect((int)Math.Min(a.X, b.X), (int)Math.Min(a.Y, b.Y), (int)Math.Abs(a.X - b.X), (int)Math.Abs(a.Y - b.Y));
    }

    public int SourceWidth { get; }

    public int SourceHeight { get; }

    /// <summary>In the rotated picture; all of it when no crop is configured.</summary>
    public Crop Crop { get; }

    /// <summary>Nothing to do: a picture can be retrieved straight into its frame.</summary>
    public bool IsIdentity => rotate == 0 && source.Width == SourceWidth && source.Height == SourceHeight;

    /// <summary>Converts a point of the frame (as on the wire) to the camera's own picture.</summary>
    public Click ToSource(Click frame)
    {
        float x = frame.X + Crop.X,
            y = frame.Y + Crop.Y;
        return rotate switch
        {
            90 => new Click(y, SourceHeight - x),
            180 => new Click(SourceWidth - x, SourceHeight - y),
            270 => new Click(SourceWidth - y, x),
            _ => new Click(x, y),
        };
    }

    /// <summary>
    /// Rotates and crops <paramref name="picture"/> (of the source's size) into <paramref name="frame"/>, whose memory is kept when it
    /// fits.
    /// </summary>
    public void Apply(Mat picture, Mat frame)
    {
        // the view is kept as long as the picture's memory stays where it is, which it does in a stream
        if (part is null || partOf != picture.Data)
        {
            part?.Dispose();
            (part, partOf) = (picture[source], picture.Data);
        }

        if (rotate == 0)
            part.CopyTo(frame);
        else
            Cv2.Rotate(
                part,
                frame,
                rotate switch
                {
                    90 => RotateFlags.Rotate90Clockwise,
                    180 => RotateFlags.Rotate180,
                    _ => RotateFlags.Rotate90Counterclockwise,
                }
            );
    }

    public void Dispose() => part?.Dispose();
}
