using OpenCvSharp;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Resizes a whole picture to a model's input size: area averaging when it becomes smaller, as in training; linear when it becomes larger.
/// One thread at a time.
/// </summary>
internal sealed class FrameResizer
{
    private readonly AreaResizer shrink = new();

    /// <param name="pixels">8-bit BGR, any size.</param>
    /// <param name="target">8-bit BGR of the wanted size; its memory is written.</param>
    public unsafe void Fill(Mat pixels, Mat target)
    {
        if (pixels.Type() != MatType.CV_8UC3)
            throw new ArgumentException($"8-bit BGR expected, {pixels.Type()} given");
        var (width, height) = (target.Cols, target.Rows);
        if (pixels.Cols == width && pixels.Rows == height)
        {
            // row by row, as a picture may be a part of another; OpenCV's copy allocates two objects per call
            long bytes = 3L * width;
            for (var y = 0; y < height; y++)
                Buffer.MemoryCopy((void*)pixels.Ptr(y), (void*)target.Ptr(y), bytes, bytes);
        }
        else if (AreaResizer.Fits(pixels.Cols, pixels.Rows, width, height))
            shrink.Fill(pixels, target);
        else
            Cv2.Resize(
                pixels,
                target,
                new Size(width, height),
                0,
                0,
                pixels.Cols > width || pixels.Rows > height ? InterpolationFlags.Area : InterpolationFlags.Linear
            );
    }
}
