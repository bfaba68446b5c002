using System.Buffers.Binary;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// Motion JPEG: whole JPEG pictures one after the other, with anything between them (the headers of a multipart answer). A picture's end is
/// found by walking its segments, since a thumbnail inside has an end marker of its own. Memory is kept and bounded by <see
/// cref="CaptureLimits.MaxJpegBytes"/>.
/// </summary>
internal sealed class JpegStream(Stream stream)
{
    private const byte Marker = 0xFF,
        StartOfImage = 0xD8,
        EndOfImage = 0xD9,
        StartOfScan = 0xDA;

    private byte[] buffer = new byte[64 << 10];
    private int start,
        filled,
        at;
    private bool inScan;
    private (int From, int To) picture;

    /// <summary>Reads on to the end of the next picture. False at the end of the stream.</summary>
    /// <exception cref="OperatingException">What comes is no motion JPEG, or a picture exceeds the bound.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public bool TryReadNext()
    {
        start = picture.To;
        picture = (start, start);
        while (true)
        {
            while (!TryFindStart())
            {
                if (!TryFill())
                    return false;
            }

            (at, inScan) = (start + 2, false);
            bool isPicture;
            while (!TryFindEnd(out isPicture))
            {
                if (!TryFill())
                    return false;
            }

            if (isPicture)
            {
                picture = (start, at);
                return true;
            }

            // those two bytes were no picture's beginning
            start += 2;
        }
    }

    /// <summary>Decodes the picture read last. False when it is damaged.</summary>
    public bool TryDecode(Mat destination)
    {
        using var pixels = JpegDecoder.Decode(buffer.AsSpan(picture.From, picture.To - picture.From), out var damage);
        if (damage.Length > 0 || pixels.Empty() || pixels.Type() != MatType.CV_8UC3)
            return false;
        pixels.CopyTo(destination);
        return true;
    }

    /// <summary>Moves <see cref="start"/> to the next start-of-image marker; what lies before it is dropped.</summary>
    private bool TryFindStart()
    {
        var found = buffer.AsSpan(start, filled - start).IndexOf([Marker, StartOfImage, Marker]);
        if (found >= 0)
        {
            start += found;
            return true;
        }

        if (filled - start > CaptureLimits.MaxJpegHeaderBytes)
            throw new OperatingException("what comes is no motion JPEG; check what the address or command sends");
        return false;
    }

    /// <summary>
    /// Walks on from <see cref="at"/>. True at the picture's end, or where it turns out to be none; false when more bytes are needed.
    /// </summary>
    private bool TryFindEnd(out bool isPicture)
    {
        isPicture = true;
        while (at <= filled)
        {
            if (inScan)
            {
                var found = buffer.AsSpan(at, filled - at).IndexOf(Marker);
                if (found < 0 || at + found + 1 >= filled)
                {
                    at = found < 0 ? filled : at + found;
                    return false;
                }

                at += found;
                var code = buffer[at + 1];
                // stuffed zeros and restart markers are the scan's data
                if (code is 0 or (>= 0xD0 and <= 0xD7))
                    at += 2;
                else if (code == Marker)
                    at++;
                else
                    inScan = false;
                continue;
            }

            if (at + 4 > filled)
            {
                // the end marker may be the last bytes that come
                if (at + 2 > filled || buffer[at] != Marker || buffer[at + 1] != EndOfImage)
                    return false;
            }

            if (buffer[at] != Marker)
            {
                isPicture = false;
                return true;
            }

            var marker = buffer[at + 1];
            if (marker == EndOfImage)
            {
                at += 2;
                return true;
            }

            if (marker == Marker)
            {
                at++;
                continue;
            }

            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(at + 2));
            inScan = marker == StartOfScan;
        }

        // the segment goes on beyond what was read
        return false;
    }

    /// <summary>Reads more; false at the end of the stream.</summary>
    private bool TryFill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            (filled, at, start) = (filled - start, at - start, 0);
            picture = default;
        }

        if (filled == buffer.Length)
        {
            if (buffer.Length >= CaptureLimits.MaxJpegBytes)
                throw new OperatingException(
                    $"a picture has more than {CaptureLimits.MaxJpegBytes >> 20} MiB; set the camera to a smaller size or a lower quality"
                );
            Array.Resize(ref buffer, Math.Min(2 * buffer.Length, CaptureLimits.MaxJpegBytes));
        }

        var read = stream.Read(buffer, filled, buffer.Length - filled);
        filled += read;
        return read > 0;
    }
}
