using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>The frames of a video file, or of a folder of photographs in order of their names.</summary>
internal sealed class VideoFrames : IDisposable
{
    private const double FolderFps = 24;
    private const int HeadBytes = 256;

    private const string Remedy = "convert it with ffmpeg to H.264 in MP4 or to MJPEG in AVI";

    private readonly string path;
    private readonly VideoCapture? capture;
    private readonly PhotoReader reader = new();
    private readonly string[] photos = [];
    private long decoded,
        damaged;

    /// <exception cref="OperatingException">It is not there or cannot be read.</exception>
    public VideoFrames(string path)
    {
        this.path = path;
        Fps = FolderFps;
        if (Directory.Exists(path))
        {
            photos = Directory.GetFiles(path);
            Array.Sort(photos, StringComparer.Ordinal);
            if (photos.Length == 0)
                throw new OperatingException($"{path}: the folder has no photographs");
            Count = photos.Length;
            return;
        }

        if (!File.Exists(path))
            throw new OperatingException($"video '{path}' does not exist; check the path");
        capture = new VideoCapture();
        if (!capture.Open(path, VideoCaptureAPIs.FFMPEG))
        {
            capture.Dispose();
            throw new OperatingException($"video '{path}' cannot be read; {Remedy}");
        }

        Count = (int)Math.Clamp(capture.Get(VideoCaptureProperties.FrameCount), 0, int.MaxValue);
        if (capture.Get(VideoCaptureProperties.Fps) is > 0.01 and < 1000 and var fps)
            Fps = fps;
    }

    /// <summary>Whether a path leads to a video file, by its first bytes. False for what cannot be read.</summary>
    public static bool IsVideo(string path)
    {
        try
        {
            // pipes and devices have length 0, and opening one could block for ever
            if (path.Length == 0 || FinalFile.Of(path) is not { Exists: true, Length: > 0 })
                return false;
            Span<byte> head = stackalloc byte[HeadBytes];
            using var file = File.OpenRead(path);
            return PictureHeader.IsVideo(head[..file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public double Fps { get; }

    /// <summary>Which frame of the video was read last, counted from 1, those that were passed over or damaged included.</summary>
    public long Number { get; private set; }

    /// <summary>Seconds from the start of the video to that frame.</summary>
    public double TimeS { get; private set; }

    /// <summary>As the container states it, which may be rough; 0: unknown.</summary>
    public int Count { get; }

    /// <summary>The next frame whose number is 1, 1 + every, ..., 8-bit BGR, which the caller disposes; null at the end.</summary>
    /// <param name="every">1: each frame.</param>
    /// <exception cref="OperatingException">No frame, or a photograph of the folder, cannot be decoded.</exception>
    public Mat? Read(int every = 1)
    {
        if (capture is null)
        {
            if (Number == photos.Length)
                return null;
            TimeS = Number / Fps;
            return reader.Read(photos[Number++]);
        }

        var frame = new Mat();
        while (capture.Grab())
        {
            Number++;
            if ((Number - 1) % every != 0)
                continue;
            // a frame that is damaged is left out; the next ones may be good
            if (!capture.Retrieve(frame) || frame.Empty())
            {
                damaged++;
                continue;
            }

            decoded++;
            Stamp();
            return frame;
        }

        frame.Dispose();
        return decoded > 0 ? null : throw new OperatingException($"none of the frames of video '{path}' could be decoded; {Remedy}");
    }

    /// <summary>Says how many frames could not be decoded and were left out; nothing where there were none.</summary>
    public void ReportDamage()
    {
        if (damaged > 0)
            Verbs.Fail($"{path}: {damaged} frames could not be decoded and were left out");
    }

    /// <summary>The container's time of the frame; where it has none, or one that runs backwards, the number by the frame rate.</summary>
    private void Stamp()
    {
        var stated = capture!.Get(VideoCaptureProperties.PosMsec) / 1000;
        TimeS = stated > TimeS || (stated == 0 && Number == 1) ? stated : Math.Max(TimeS, (Number - 1) / Fps);
    }

    public void Dispose() => capture?.Dispose();
}
