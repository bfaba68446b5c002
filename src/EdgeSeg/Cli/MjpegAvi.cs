using System.Buffers.Binary;
using System.Text;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>
/// Writes pictures as a Motion JPEG video in AVI 1.0 (RIFF), which every player reads and no codec library is needed for. The index and the
/// number of pictures are written by <see cref="Dispose"/>. The file is created with the first picture.
/// </summary>
internal sealed class MjpegAvi : IDisposable
{
    /// <summary>Sizes in AVI 1.0 have 31 bits that all readers understand.</summary>
    private const long MaxBytes = 2_000_000_000;

    /// <summary>A slower video cannot be distinguished from one that stands still, and its rate is 0 in the header.</summary>
    private const double MinFps = 0.1;

    private const int HeaderBytes = 224,
        ChunkBytes = 8,
        EntryBytes = 16,
        JpegQuality = 90;

    private readonly string path;
    private readonly double fps;
    private readonly bool mayReplace;
    private FileStream? file;
    private readonly List<(int Offset, int Bytes)> index = [];
    private bool isBroken;
    private int width,
        height,
        largest;

    /// <param name="path">The file; its folder is created with it.</param>
    /// <param name="fps">Pictures per second.</param>
    /// <param name="mayReplace">An existing file is replaced; else it is refused.</param>
    public MjpegAvi(string path, double fps, bool mayReplace = false)
    {
        (this.path, this.fps, this.mayReplace) = (path, Math.Max(fps, MinFps), mayReplace);
    }

    private FileStream Create()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            // without a buffer, so that a full disk is found by the call that writes
            return new FileStream(path, mayReplace ? FileMode.Create : FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException(
                !mayReplace && File.Exists(path)
                    ? $"{path}: exists already; move it away or choose another folder with --out"
                    : $"{path}: cannot be written ({e.Message}): choose another folder with --out"
            );
        }
    }

    /// <summary>Adds a picture, 8-bit BGR. One of another size than the first is scaled to it: a stream may change its size.</summary>
    /// <exception cref="OperatingException">The file exists or cannot be created, the disk is full or fails.</exception>
    public void Add(Mat picture)
    {
        if (file is null)
        {
            (width, height) = (picture.Cols, picture.Rows);
            file = Create();
            Write(file, new byte[HeaderBytes]);
        }

        if (picture.Cols != width || picture.Rows != height)
        {
            using var scaled = picture.Resize(new Size(width, height), interpolation: InterpolationFlags.Area);
            Append(file, scaled);
            return;
        }

        Append(file, picture);
    }

    private void Append(FileStream file, Mat picture)
    {
        if (!Cv2.ImEncode(".jpg", picture, out var jpeg, [(int)ImwriteFlags.JpegQuality, JpegQuality]))
            throw new OperatingException($"{path}: OpenCV cannot encode the picture as JPEG");
        if (file.Position + jpeg.Length > MaxBytes)
            throw new OperatingException($"{path}: the overlay exceeds {MaxBytes / 1_000_000} MB; cut the video into shorter parts");
        index.Add(((int)file.Position - HeaderBytes + 4, jpeg.Length));
        largest = Math.Max(largest, jpeg.Length);
        // a chunk has an even length
        var chunk = new byte[ChunkBytes + jpeg.Length + (jpeg.Length & 1)];
        Chunk(chunk, "00dc", jpeg.Length);
        jpeg.CopyTo(chunk, ChunkBytes);
        Write(file, chunk);
    }

    /// <exception cref="OperatingException">The disk is full or fails.</exception>
    private void Write(FileStream file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            file.Write(bytes);
        }
        catch (IOException e)
        {
            isBroken = true;
            throw new OperatingException(
                $"{path}: cannot be written ({e.Message}), so the video is incomplete: choose another folder with --out"
            );
        }
    }

    private static void Chunk(Span<byte> to, string name, int bytes)
    {
        Encoding.ASCII.GetBytes(name, to);
        BinaryPrimitives.WriteInt32LittleEndian(to[4..], bytes);
    }

    private void WriteIndex(FileStream file)
    {
        var all = new byte[ChunkBytes + EntryBytes * index.Count];
        Chunk(all, "idx1", EntryBytes * index.Count);
        for (var i = 0; i < index.Count; i++)
        {
            var (offset, bytes) = index[i];
            var entry = all.AsSpan(ChunkBytes + EntryBytes * i, EntryBytes);
            Encoding.ASCII.GetBytes("00dc", entry);
            // each picture can be shown without the others
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], 0x10);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], offset);
            BinaryPrimitives.WriteInt32LittleEndian(entry[12..], bytes);
        }

        Write(file, all);
    }

    /// <summary>RIFF header, list of headers (avih, strl with strh and strf), begin of the list of pictures.</summary>
    private byte[] Header(int movieBytes, int fileBytes)
    {
        var header = new byte[HeaderBytes];
        Text(0, "RIFF");
        Number(4, fileBytes - 8);
        Text(8, "AVI LIST");
        Number(16, 192);
        Text(20, "hdrlavih");
        Number(28, 56);
        Number(32, (int)(1e6 / fps));
        Number(36, (int)(largest * fps));
        // the file has an index
        Number(44, 0x10);
        Number(48, index.Count);
        Number(56, 1);
        Number(60, largest);
        Number(64, width);
        Number(68, height);
        Text(88, "LIST");
        Number(92, 116);
        Text(96, "strlstrh");
        Number(104, 56);
        Text(108, "vidsMJPG");
        Number(128, 1000);
        Number(132, (int)(fps * 1000));
        Number(140, index.Count);
        Number(144, largest);
        Number(148, -1);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(160), (short)width);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(162), (short)height);
        Text(164, "strf");
        Number(168, 40);
        Number(172, 40);
        Number(176, width);
        Number(180, height);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(184), 1);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(186), 24);
        Text(188, "MJPG");
        Number(192, width * height * 3);
        Text(212, "LIST");
        Number(216, movieBytes);
        Text(220, "movi");
        return header;

        void Text(int at, string text) => Encoding.ASCII.GetBytes(text, header.AsSpan(at));
        void Number(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(at), value);
    }

    public void Dispose()
    {
        using (file)
        {
            if (file is null || isBroken)
                return;
            var movieBytes = (int)file.Position - HeaderBytes + 4;
            WriteIndex(file);
            var bytes = (int)file.Position;
            file.Position = 0;
            Write(file, Header(movieBytes, bytes));
        }
    }
}
