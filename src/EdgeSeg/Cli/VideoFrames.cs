using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>The frames of a video file, or of a folder of photographs in order of their names.</summary>
internal sealed class VideoFrames : IDisposable
{
    private const double FolderFps = 24;

    private const string Remedy = "convert it with ffmpeg to H.264 in MP4 or to MJPEG in AVI";

    private readonly string path;
    private readonly VideoCapture? capture;
    private readonly PhotoReader reader = new();
    private readonly string[] photos = [];
    private int next;

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

    public double Fps { get; }

    /// <summary>As the container states it, which may be rough; 0: unknown.</summary>
    public int Count { get; }

    /// <summary>The next frame, 8-bit BGR, which the caller disposes; null at the end.</summary>
    /// <exception cref="OperatingException">The first frame, or a photograph of the folder, cannot be decoded.</exception>
    public Mat? Read()
    {
        if (capture is null)
            return next < photos.Length ? reader.Read(photos[next++]) : null;
        var frame = new Mat();
        while (capture.Grab())
        {
            // a picture that is damaged is left out; the next ones may be good
            if (!capture.Retrieve(frame) || frame.Empty())
                continue;
            next++;
            return frame;
        }

        frame.Dispose();
        return next > 0 ? null : throw new OperatingException($"none of the pictures of video '{path}' could be decoded; {Remedy}");
    }

    public void Dispose() => capture?.Dispose();
}
