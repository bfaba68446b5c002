using System.Globalization;
using System.Text;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// What a <see cref="PipeCamera"/> runs: the words of the command, the text for its standard input, and the secret that no message may
/// show.
/// </summary>
internal sealed record PipeCommand(IReadOnlyList<string> Words, string Input = "", string Secret = "")
{
    public static PipeCommand Shell(string command) => new(["/bin/sh", "-c", command]);
}

/// <summary>
/// Pictures from a command's standard output: everything that OpenCV's prebuilt runtime cannot reach (Jetson's CSI through gst-launch-1.0,
/// a Pi's through rpicam-vid, RTSP through ffmpeg). The command's whole process group ends with the camera.
/// </summary>
internal sealed class PipeCamera(PipeCommand command, PipeFormat format, int width, int height, double fps) : ICamera
{
    private const int LineBytes = 256;

    private readonly Lock gate = new();
    private ChildProcess? child;
    private RawPicture? picture;
    private JpegStream? jpegs;
    private bool cancelled;

    public double PositionMs => 0;

    public string Reason { get; private set; } = "";

    public int ProcessId => child?.Id ?? 0;

    public CameraFormat Open()
    {
        if (format is not (PipeFormat.Y4m or PipeFormat.Mjpeg))
            picture = new RawPicture(format, width, height);
        lock (gate)
        {
            if (cancelled)
                throw new OperatingException("the camera was closed while it opened");
            child = new ChildProcess(command.Words, command.Input);
        }

        if (format == PipeFormat.Mjpeg)
        {
            jpegs = new JpegStream(child.Output);
            return new CameraFormat(0, 0, fps, RawPicture.Name(format), "arrival", true, true);
        }

        var (grantedWidth, grantedHeight, grantedFps) = format == PipeFormat.Y4m ? ReadStreamHeader(child) : (width, height, fps);
        picture ??= new RawPicture(format, grantedWidth, grantedHeight);
        return new CameraFormat(grantedWidth, grantedHeight, grantedFps, RawPicture.Name(format), "arrival", true, true);
    }

    public GrabOutcome Grab()
    {
        if (child is null || (picture is null && jpegs is null))
            return Fail("is not open");
        try
        {
            if (jpegs is not null)
                return jpegs.TryReadNext() ? GrabOutcome.Ok : Fail(child.Ending(command.Secret));
            if (format == PipeFormat.Y4m)
            {
                Span<byte> line = stackalloc byte[LineBytes];
                var length = ReadLine(child.Output, line);
                if (length == 0)
                    return Fail(child.Ending(command.Secret));
                if (!line[..length].StartsWith("FRAME"u8))
                    return Fail("wrote something else than YUV4MPEG2 pictures");
            }

            var read = child.Output.ReadAtLeast(picture!.Bytes, picture.Length, throwOnEndOfStream: false);
            if (read == picture.Length)
                return GrabOutcome.Ok;
            var where =
                read == 0
                    ? ""
                    : $" in the middle of a picture ({read} of {picture.Length} bytes); "
                        + "check that width, height and pipe_format are those that it writes";
            return Fail(child.Ending(command.Secret) + where);
        }
        catch (OperatingException e)
        {
            return Fail($"cannot be used: {e.Message}");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return Fail($"could not be read ({e.Message})");
        }
    }

    public bool Retrieve(Mat destination)
    {
        if (jpegs is not null)
            return jpegs.TryDecode(destination);
        if (picture is null)
            return false;
        picture.ToBgr(destination);
        return true;
    }

    public void Cancel()
    {
        lock (gate)
        {
            cancelled = true;
            child?.Close();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            cancelled = true;
            child?.Dispose();
            child = null;
        }

        picture?.Dispose();
    }

    private GrabOutcome Fail(string how)
    {
        Reason = cancelled ? $"the camera's command was ended because it gave no pictures; it {how}" : $"the camera's command {how}";
        return GrabOutcome.Failed;
    }

    private (int Width, int Height, double Fps) ReadStreamHeader(ChildProcess from)
    {
        Span<byte> line = stackalloc byte[LineBytes];
        int length;
        try
        {
            length = ReadLine(from.Output, line);
        }
        catch (IOException)
        {
            length = 0;
        }

        if (length == 0)
            throw new OperatingException($"the camera's command {from.Ending(command.Secret)}");
        return ParseStreamHeader(Encoding.ASCII.GetString(line[..length]));
    }

    /// <summary>The first line of a YUV4MPEG2 stream, as in yuv4mpeg(5): words that begin with W, H, F (a ratio) and C.</summary>
    internal static (int Width, int Height, double Fps) ParseStreamHeader(string line)
    {
        var words = line.Split(' ');
        int width = 0,
            height = 0;
        double fps = 0;
        var known = words[0] == "YUV4MPEG2";
        foreach (var word in words.Skip(1).Where(w => w.Length > 1))
        {
            var value = word[1..];
            if (word[0] == 'W')
                _ = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out width);
            if (word[0] == 'H')
                _ = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out height);
            // C420p10 and its like have two bytes a sample
            if (word[0] == 'C')
                known &= value is "420" or "420jpeg" or "420mpeg2" or "420paldv";
            if (
                word[0] == 'F'
                && value.Split(':') is [var above, var below]
                && double.TryParse(above, CultureInfo.InvariantCulture, out var a)
                && double.TryParse(below, CultureInfo.InvariantCulture, out var b)
                && b > 0
            )
                fps = a / b;
        }

        if (!known)
            throw new OperatingException(
                "the camera's command does not write YUV4MPEG2 with 4:2:0 pictures; let ffmpeg do it with -pix_fmt yuv420p -f yuv4mpegpipe",
                2
            );
        return (width, height, fps);
    }

    /// <summary>
    /// Reads up to a line feed and returns the length before it; 0 at the end of the stream. Byte by byte, as nothing behind the line may
    /// be taken.
    /// </summary>
    private static int ReadLine(Stream stream, Span<byte> line)
    {
        for (var length = 0; length < line.Length; length++)
        {
            if (stream.Read(line.Slice(length, 1)) == 0)
                return 0;
            if (line[length] == '\n')
                return length;
        }

        return line.Length;
    }
}
