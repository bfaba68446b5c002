using System.Buffers.Binary;

namespace EdgeSeg.Vision.Images;

/// <summary>
/// The header of an encoded picture, read before a pixel is decoded: its format, its size as stored (EXIF rotation not applied), and
/// whether its bytes reach the format's end marker. Decoders fill missing data with grey and report success, so completeness is checked
/// here. An incomplete header counts as an incomplete picture, with width and height 0. Formats: JPEG (ITU T.81), PNG (W3C), BMP, WebP (RFC
/// 9649), TIFF 6.0.
/// </summary>
internal readonly record struct PictureHeader(string Format, long Width, long Height, bool Complete)
{
    /// <summary>A JPEG with a scan whose end-of-image marker is missing: only decoding shows whether pixels are missing too.</summary>
    public bool LacksEndOnly { get; init; }

    /// <summary>Its pixels are those of a camera's sensor, and what decodes without them is a thumbnail.</summary>
    public bool IsCameraRaw { get; init; }

    /// <summary>Further pictures in the file, which are not read.</summary>
    public bool HasMorePages { get; init; }

    public const string Known = "JPEG, PNG, BMP, WebP or TIFF";

    /// <summary>Extensions of the files that are looked for in folders.</summary>
    public static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"];

    /// <summary>Whether a file has such an extension, in capitals or not.</summary>
    public static bool HasExtension(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Reads the header of a whole encoded picture; null when its first bytes are those of none of the <see cref="Known"/> formats.
    /// </summary>
    public static PictureHeader? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
            return JpegHeader.Read(bytes);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]))
            return Png(bytes);
        if (bytes.StartsWith("BM"u8))
            return Bmp(bytes);
        if (bytes.StartsWith("RIFF"u8) && bytes.Length >= 12 && bytes[8..12].SequenceEqual("WEBP"u8))
            return WebP(bytes);
        if (bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8))
            return TiffHeader.Read(bytes);
        return null;
    }

    /// <summary>Whether the first bytes are those of a picture, be it of a kind that can be read or not.</summary>
    public static bool IsPicture(ReadOnlySpan<byte> bytes) => Read(bytes) is not null || IsHeif(bytes) || HasRawSignature(bytes);

    /// <summary>HEIC and AVIF have a message of their own, since phones write them and the remedy differs.</summary>
    public static bool IsHeif(ReadOnlySpan<byte> bytes) =>
        IsIsoMedia(bytes)
        && bytes[8..12] is var brand
        && (
            brand.StartsWith("hei"u8)
            || brand.StartsWith("hev"u8)
            || brand.StartsWith("avi"u8)
            || brand.SequenceEqual("mif1"u8)
            || brand.SequenceEqual("msf1"u8)
        );

    /// <summary>Files of cameras' sensor data with a first line of their own: Canon CR2 and CR3, Fujifilm, Olympus, Panasonic.</summary>
    public static bool HasRawSignature(ReadOnlySpan<byte> bytes) =>
        (IsIsoMedia(bytes) && bytes[8..12].SequenceEqual("crx "u8))
        || bytes.StartsWith("FUJIFILMCCD-RAW"u8)
        || bytes.StartsWith("IIRO"u8)
        || bytes.StartsWith("IIRS"u8)
        || bytes.StartsWith("IIU\0"u8)
        || (bytes.StartsWith("II*\0"u8) && bytes.Length >= 10 && bytes[8..10].SequenceEqual("CR"u8));

    /// <summary>MP4 and its relatives, Matroska and WebM, AVI.</summary>
    public static bool IsVideo(ReadOnlySpan<byte> bytes) =>
        (IsIsoMedia(bytes) && !IsHeif(bytes) && !HasRawSignature(bytes))
        || IsClassicQuickTime(bytes)
        || bytes.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3])
        || (bytes.StartsWith("RIFF"u8) && bytes.Length >= 12 && bytes[8..12].SequenceEqual("AVI "u8));

    /// <summary>Videos that are not read: GIF, MPEG program and transport streams, Flash, Windows Media, Ogg.</summary>
    public static bool IsOtherVideo(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("GIF8"u8)
        || bytes.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0xBA])
        || bytes.StartsWith("FLV"u8)
        || bytes.StartsWith((ReadOnlySpan<byte>)[0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11])
        || bytes.StartsWith("OggS"u8)
        || (bytes.Length > TransportPacket && bytes[0] == TransportSync && bytes[TransportPacket] == TransportSync);

    private const int TransportPacket = 188;
    private const byte TransportSync = (byte)'G';

    /// <summary>Before MP4 there was no "ftyp": the file begins with its index, its data or padding.</summary>
    private static bool IsClassicQuickTime(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 8
        && bytes[4..8] is var kind
        && (kind.SequenceEqual("moov"u8) || kind.SequenceEqual("mdat"u8) || kind.SequenceEqual("wide"u8));

    private static bool IsIsoMedia(ReadOnlySpan<byte> bytes) => bytes.Length >= 12 && bytes[4..8].SequenceEqual("ftyp"u8);

    private static PictureHeader Png(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 33)
            return new("PNG", 0, 0, false);
        long width = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
            height = BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]);
        long at = 8;
        var complete = false;
        // a chunk: length, type, data, checksum
        while (at + 12 <= bytes.Length && !complete)
        {
            var chunk = bytes[(int)at..];
            complete = chunk.Slice(4, 4).SequenceEqual("IEND"u8);
            at += 12 + (long)BinaryPrimitives.ReadUInt32BigEndian(chunk);
        }

        return new("PNG", width, height, complete);
    }

    private static PictureHeader Bmp(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 34)
            return new("BMP", 0, 0, false);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(bytes[10..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]) == 12)
            return new(
                "BMP",
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]),
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[20..]),
                offset < bytes.Length
            );
        // a negative height means that the top row is the first one
        long width = BinaryPrimitives.ReadInt32LittleEndian(bytes[18..]),
            height = Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(bytes[22..]));
        long bits = BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
        // run-length forms (1, 2) state no size that can be trusted; the decoder checks them
        var plain = BinaryPrimitives.ReadUInt32LittleEndian(bytes[30..]) is 0 or 3;
        var needed = plain ? offset + (width * bits + 31) / 32 * 4 * height : offset;
        return new("BMP", width, height, needed <= bytes.Length);
    }

    private static PictureHeader WebP(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 30)
            return new("WebP", 0, 0, false);
        var complete = 8 + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) <= bytes.Length;
        var kind = bytes[12..16];
        if (kind.SequenceEqual("VP8X"u8))
            return new("WebP", 1 + Little24(bytes[24..]), 1 + Little24(bytes[27..]), complete);
        if (kind.SequenceEqual("VP8L"u8))
        {
            var packed = BinaryPrimitives.ReadUInt32LittleEndian(bytes[21..]);
            return new("WebP", 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF), complete);
        }

        return new(
            "WebP",
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]) & 0x3FFF,
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]) & 0x3FFF,
            complete
        );
    }

    private static long Little24(ReadOnlySpan<byte> bytes) => bytes[0] | bytes[1] << 8 | bytes[2] << 16;
}
