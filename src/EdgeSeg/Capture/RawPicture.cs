using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>Memory for one picture as it comes through a pipe, and its conversion to BGR (YUV as BT.601, limited range).</summary>
internal sealed class RawPicture : IDisposable
{
    private readonly PipeFormat format;
    private readonly Mat raw;

    /// <summary>Throws an <see cref="OperatingException"/> when the size does not suit the format.</summary>
    public RawPicture(PipeFormat format, int width, int height)
    {
        if (width < PictureBounds.MinSide || height < PictureBounds.MinSide || (long)width * height > PictureBounds.MaxPixels)
            throw new OperatingException(
                $"a pipe camera needs the width and height of its pictures, and {width}x{height} is not possible; "
                    + "state them as the command writes them",
                2
            );
        var halves = format is PipeFormat.Nv12 or PipeFormat.I420 or PipeFormat.Y4m;
        if ((halves && height % 2 != 0) || ((halves || format == PipeFormat.Yuyv) && width % 2 != 0))
            throw new OperatingException(
                $"a picture of {width}x{height} cannot be {Name(format)}, which needs even sides; scale or crop it in the command",
                2
            );
        this.format = format;
        raw = format switch
        {
            PipeFormat.Bgr24 or PipeFormat.Rgb24 => new Mat(height, width, MatType.CV_8UC3),
            PipeFormat.Gray8 => new Mat(height, width, MatType.CV_8UC1),
            PipeFormat.Yuyv => new Mat(height, width, MatType.CV_8UC2),
            _ => new Mat(height + height / 2, width, MatType.CV_8UC1),
        };
        Length = (int)(raw.Total() * raw.ElemSize());
    }

    /// <summary>Bytes of one picture.</summary>
    public int Length { get; }

    /// <summary>The picture's bytes, to be filled.</summary>
    public unsafe Span<byte> Bytes => new((void*)raw.Data, Length);

    /// <summary>Converts into 8-bit BGR; the destination's memory is kept when it fits.</summary>
    public void ToBgr(Mat picture)
    {
        if (format == PipeFormat.Bgr24)
            raw.CopyTo(picture);
        else
        {
            Cv2.CvtColor(
                raw,
                picture,
                format switch
                {
                    PipeFormat.Rgb24 => ColorConversionCodes.RGB2BGR,
                    PipeFormat.Gray8 => ColorConversionCodes.GRAY2BGR,
                    PipeFormat.Yuyv => ColorConversionCodes.YUV2BGR_YUY2,
                    PipeFormat.Nv12 => ColorConversionCodes.YUV2BGR_NV12,
                    _ => ColorConversionCodes.YUV2BGR_I420,
                }
            );
        }
    }

    public void Dispose() => raw.Dispose();

    public static string Name(PipeFormat format) =>
        format switch
        {
            PipeFormat.Bgr24 => "bgr24",
            PipeFormat.Rgb24 => "rgb24",
            PipeFormat.Gray8 => "gray8",
            PipeFormat.Yuyv => "yuyv",
            PipeFormat.Nv12 => "nv12",
            PipeFormat.I420 => "i420",
            PipeFormat.Mjpeg => "mjpeg",
            _ => "y4m",
        };
}
