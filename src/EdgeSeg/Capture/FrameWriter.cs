using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// From a grabbed picture to a frame's pixels: straight into the frame where nothing is rotated or cropped, else by way of its own memory.
/// </summary>
internal sealed class FrameWriter(int rotate, Crop? crop) : IDisposable
{
    private FrameGeometry? geometry;

    /// <summary>The camera's own picture, where it was not retrieved straight into a frame.</summary>
    public Mat Scratch { get; } = new();

    /// <summary>
    /// False when the picture is damaged. An <see cref="OperatingException"/> when the crop does not fit the picture's size.
    /// </summary>
    public bool Write(ICamera source, Mat pixels)
    {
        if (geometry is { IsIdentity: true })
        {
            if (!source.Retrieve(pixels))
                return false;
            if (pixels.Cols == geometry.SourceWidth && pixels.Rows == geometry.SourceHeight)
                return true;
            // the size changed in the stream (another photograph): see what that means for rotation and crop
            pixels.CopyTo(Scratch);
        }
        else if (!source.Retrieve(Scratch))
            return false;

        if (geometry?.SourceWidth != Scratch.Cols || geometry.SourceHeight != Scratch.Rows)
        {
            geometry?.Dispose();
            geometry = null;
            geometry = new FrameGeometry(Scratch.Cols, Scratch.Rows, rotate, crop);
        }

        geometry.Apply(Scratch, pixels);
        return true;
    }

    public void Dispose()
    {
        geometry?.Dispose();
        Scratch.Dispose();
    }
}
