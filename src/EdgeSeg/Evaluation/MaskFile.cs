using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Evaluation;

/// <summary>
/// Labelled masks in PNG files: black and white, label maps of 8 or 16 bits, colours, or indices into a palette. Each value but 0 is the
/// object; an alpha channel does not count.
/// </summary>
internal static class MaskFile
{
    private const int ChunkHeadBytes = 8,
        ChunkEndBytes = 4,
        ColourBytes = 3;

    private static readonly byte[] signature = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n'];

    /// <param name="path">The file.</param>
    /// <param name="width">That it must have, in pixels.</param>
    /// <param name="height">That it must have, in pixels.</param>
    /// <param name="mask">The result.</param>
    /// <exception cref="OperatingException">The file cannot be read or has another size.</exception>
    public static void Read(string path, int width, int height, BinaryMask mask)
    {
        using var labels = Decode(path);
        if (labels.Cols != width || labels.Rows != height)
            throw new OperatingException($"{path}: has {labels.Cols}x{labels.Rows} pixels and its frame {width}x{height}");
        using var isSet = new Mat(height, width, MatType.CV_8UC1, Scalar.All(0));
        var channels = labels.Channels();
        var pixel = (int)labels.ElemSize();
        var counted = pixel / channels * (channels == 4 ? 3 : channels);
        for (var y = 0; y < height; y++)
        {
            // a value is 0 where all its bytes are, whatever its depth
            var from = MemoryMarshal.CreateReadOnlySpan(ref labels.At<byte>(y, 0), width * pixel);
            var to = MemoryMarshal.CreateSpan(ref isSet.At<byte>(y, 0), width);
            for (var x = 0; x < width; x++)
                to[x] = from.Slice(x * pixel, counted).ContainsAnyExcept((byte)0) ? byte.MaxValue : (byte)0;
        }

        MaskMat.FromMat(isSet, mask);
    }

    private static Mat Decode(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path}: cannot be read ({e.Message})");
        }

        ShowIndices(bytes);
        try
        {
            var labels = Cv2.ImDecode(bytes, ImreadModes.Unchanged);
            if (!labels.Empty())
                return labels;
            labels.Dispose();
        }
        catch (OpenCVException)
        {
            // more pixels than OpenCV reads
        }

        throw new OperatingException($"{path}: is not a picture that can be read; give a PNG mask");
    }

    /// <summary>
    /// OpenCV gives the colours of a palette, not the indices, and colour 0 need not be black nor the others not black. So that the colours
    /// say which index is 0, colour 0 becomes black and the others white.
    /// </summary>
    /// <param name="png">A whole file, changed where it has a palette. Anything but a PNG stays as it is.</param>
    private static void ShowIndices(byte[] png)
    {
        if (!png.AsSpan().StartsWith(signature))
            return;
        var at = signature.Length;
        while (at + ChunkHeadBytes + ChunkEndBytes <= png.Length)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            if (length < 0 || length > png.Length - at - ChunkHeadBytes - ChunkEndBytes)
                return;
            var chunk = png.AsSpan(at + 4, 4 + length);
            if (chunk.StartsWith("PLTE"u8) && length >= ColourBytes)
            {
                chunk.Slice(4, ColourBytes).Clear();
                chunk[(4 + ColourBytes)..].Fill(byte.MaxValue);
                BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + ChunkHeadBytes + length), Checksum(chunk));
                return;
            }

            at += ChunkHeadBytes + length + ChunkEndBytes;
        }
    }

    /// <summary>CRC-32 of ISO 3309, as PNG chunks have it.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }

        return ~crc;
    }
}
