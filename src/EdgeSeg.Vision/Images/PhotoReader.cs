using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// Reads a photograph from a file into 8-bit BGR pixels (H x W x 3, continuous), upright. Grey becomes three equal planes; of 16-bit
/// samples the upper 8 of the significant bits are kept; CMYK is converted; an alpha plane is dropped (the colour stored below it shows);
/// EXIF rotation is applied. Samples of 10, 12 or 14 bits that lie in 16 are scaled by the bits that are used. Everything else is an <see
/// cref="OperatingException"/> that names the file, the reason and the remedy. The file's bytes are read into a buffer that is kept for the
/// next photograph, so a reader belongs to one thread.
/// </summary>
internal sealed class PhotoReader
{
    /// <summary>Largest encoded photograph that is read, in bytes.</summary>
    public const long MaxBytes = 256L << 20;

    private byte[] buffer = [];

    /// <summary>What was wrong with the last photograph although it could be read whole; empty: nothing.</summary>
    public string Warning { get; private set; } = "";

    /// <summary>Bits a sample to assume for pictures of 16 bits a sample, 8..16; null: found from the greatest value.</summary>
    public int? ForcedBitDepth { get; init; }

    /// <summary>The significant bits of the last picture's samples: 8, or for a picture of 16-bit samples 8, 10, 12, 14 or 16.</summary>
    public int BitDepth { get; private set; } = 8;

    /// <summary>The caller disposes the picture.</summary>
    public Mat Read(string path)
    {
        Warning = "";
        var bytes = ReadBytes(path);
        if (PictureHeader.HasRawSignature(bytes) || PictureHeader.Read(bytes) is { IsCameraRaw: true })
            throw new OperatingException($"photograph '{path}' is a camera's raw file: convert it to JPEG or TIFF");
        if (PictureHeader.Read(bytes) is not { } header)
            throw new OperatingException(
                PictureHeader.IsHeif(bytes)
                    ? $"photograph '{path}' is a HEIC or AVIF picture, which cannot be read; convert it to JPEG or PNG"
                : PictureHeader.IsVideo(bytes) ? $"'{path}' is a video, not a photograph; give a {PictureHeader.Known} file"
                : PictureHeader.IsOtherVideo(bytes)
                    ? $"'{path}' is a GIF or a video of a kind that is not read; "
                        + "convert it with ffmpeg to PNG, to H.264 in MP4 or to MJPEG in AVI"
                : $"'{path}' is not a photograph; give a {PictureHeader.Known} file"
            );
        Check(path, header);
        if (!header.LacksEndOnly)
        {
            var picture = Decode(path, bytes, header.Format, "");
            if (header.HasMorePages)
                Warning = $"photograph '{path}' has several pages; the first one was read";
            return picture;
        }

        // with the end marker in its place, libjpeg reports whether picture data is missing too
        EndOfImage.CopyTo(buffer.AsSpan(bytes.Length));
        var pixels = Decode(path, buffer.AsSpan(0, bytes.Length + EndOfImage.Length), header.Format, Truncated(path, header.Format));
        Warning = $"photograph '{path}' lacks its end-of-image marker; it was read whole";
        return pixels;
    }

    private ReadOnlySpan<byte> ReadBytes(string path)
    {
        if (path.Length == 0)
            throw new OperatingException("an empty path names no photograph; leave it out");
        try
        {
            if (Directory.Exists(path))
                throw new OperatingException(
                    $"'{path}' is a folder, not a photograph; name the photographs in it, for example '{path}/*.jpg'"
                );
            var info = FinalFile.Of(path);
            if (!info.Exists)
                throw new OperatingException(Absent("photograph", path));
            // pipes and devices have length 0 too, and opening one could block for ever
            if (info.Length == 0)
                throw new OperatingException($"photograph '{path}' is empty or not a plain file; copy it again");
            if (info.Length > PhotoReader.MaxBytes)
                throw new OperatingException(
                    $"photograph '{path}' has {info.Length >> 20} MiB, more than {PhotoReader.MaxBytes >> 20} MiB; save it smaller"
                );
            var length = (int)info.Length;
            if (buffer.Length < length + EndOfImage.Length)
                buffer = new byte[length + EndOfImage.Length];
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
            var read = file.ReadAtLeast(buffer.AsSpan(0, length), length, throwOnEndOfStream: false);
            return buffer.AsSpan(0, read);
        }
        catch (UnauthorizedAccessException)
        {
            throw new OperatingException($"photograph '{path}' may not be read; give this user the right to read it (chmod, chown)");
        }
        catch (IOException e)
        {
            throw new OperatingException($"photograph '{path}' could not be read ({e.Message}); check the disk and the path");
        }
    }

    /// <summary>The message about a file that does not exist.</summary>
    /// <param name="kind">Of what.</param>
    /// <param name="path">As it was given. Bytes of it that are not UTF-8 have become U+FFFD.</param>
    public static string Absent(string kind, string path) =>
        path.Contains('\uFFFD')
            ? $"the name of {kind} '{path}' is not valid UTF-8, so it cannot be opened; rename the file (convmv -f latin1 -t utf8)"
            : $"{kind} '{path}' does not exist; check the path";

    private static void Check(string path, PictureHeader header)
    {
        var (format, width, height, complete) = header;
        if (width > 0 && height > 0 && width * height > PictureBounds.MaxPixels)
            throw new OperatingException(
                $"photograph '{path}' has {width}x{height} pixels, more than "
                    + $"{PictureBounds.MaxPixels / 1_000_000} megapixels; make it smaller"
            );
        if (!complete && !header.LacksEndOnly)
            throw new OperatingException(Truncated(path, format));
        if (width < PictureBounds.MinSide || height < PictureBounds.MinSide)
            throw new OperatingException(
                $"photograph '{path}' has {width}x{height} pixels; both sides need at least {PictureBounds.MinSide}: give a larger one"
            );
    }

    private static ReadOnlySpan<byte> EndOfImage => [0xFF, 0xD9];

    private static string Truncated(string path, string format) =>
        $"photograph '{path}' is incomplete: its {format} data ends too early; copy it again";

    /// <param name="path">For the message.</param>
    /// <param name="bytes">The whole file.</param>
    /// <param name="format">For the message.</param>
    /// <param name="onDamage">The message for a damaged JPEG; empty: one that says what libjpeg found.</param>
    private Mat Decode(string path, ReadOnlySpan<byte> bytes, string format, string onDamage)
    {
        try
        {
            var pixels = JpegDecoder.Decode(bytes, out var damage, keepDepth: true);
            BitDepth = 8;
            if (damage.Length == 0 && !pixels.Empty() && pixels.Type() == MatType.CV_8UC3)
                return pixels;
            using (pixels)
            {
                if (damage.Length == 0 && !pixels.Empty() && pixels.Type() == MatType.CV_16UC3)
                {
                    BitDepth = ForcedBitDepth ?? DeepPixels.SignificantBits(pixels);
                    return DeepPixels.ToEightBits(pixels, BitDepth);
                }
            }

            if (damage.Length > 0)
                throw new OperatingException(
                    onDamage.Length > 0 ? onDamage : $"photograph '{path}' is a damaged JPEG file ({damage}); copy it again"
                );
        }
        catch (OpenCVException)
        {
            // OpenCV's message names its own source lines; the user needs the file
        }

        throw new OperatingException(
            $"photograph '{path}' is a damaged {format} file, or of a kind of {format} that cannot be decoded; save it again as JPEG or PNG"
        );
    }
}
