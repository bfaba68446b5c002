using EdgeSeg.Evaluation;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>The frames of a video file, or of a folder of photographs in order of their names.</summary>
internal sealed class VideoFrames : IDisposable
{
    private const double FolderFps = 24;
    private const int HeadBytes = 256,
        MatroskaFirstByte = 0x1A,
        RiffFirstByte = 'R';

    /// <summary>Frames by which the number that a container states may be wrong in a good file.</summary>
    private const int CountTolerance = 2;

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
            photos = FrameFolder.Photographs(path);
            if (photos.Length == 0)
                throw new OperatingException($"{path}: the folder has no photographs");
            Count = photos.Length;
            return;
        }

        if (!File.Exists(path))
            throw new OperatingException(PhotoReader.Absent("video", path));
        // pipes and devices have length 0 too, and have no end or block for ever
        if (FinalFile.Of(path).Length == 0)
            throw new OperatingException($"video '{path}' is empty or not a plain file; copy it again");
        capture = new VideoCapture();
        if (!capture.Open(path, VideoCaptureAPIs.FFMPEG))
        {
            capture.Dispose();
            throw new OperatingException(
                Container().Missing > 0
                    ? $"video '{path}' cannot be read: it is truncated, its container states more bytes than the file has; copy it again"
                    : $"video '{path}' cannot be read; {Remedy}"
            );
        }

        Count = (int)Math.Clamp(capture.Get(VideoCaptureProperties.FrameCount), 0, int.MaxValue);
        if (capture.Get(VideoCaptureProperties.Fps) is > 0.01 and < 1000 and var fps)
            Fps = fps;
    }

    /// <summary>Whether a path leads to a video file, by its first bytes. False for what cannot be read.</summary>
    public static bool IsVideo(string path)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        return PictureHeader.IsVideo(Head(path, head));
    }

    /// <summary>Why <c>--every</c> has no video to choose frames of.</summary>
    /// <param name="inputs">None of them is a video.</param>
    public static string WhyNone(IEnumerable<string> inputs)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        foreach (var input in inputs)
        {
            if (!Path.Exists(input))
                return PhotoReader.Absent("video", input);
            if (PictureHeader.IsOtherVideo(Head(input, head)))
                return $"video '{input}' is of a kind that is not read; {Remedy}";
        }

        return "--every chooses frames of a video, and no video is named: leave it out";
    }

    /// <summary>The first bytes of a file; none of what cannot be read.</summary>
    private static ReadOnlySpan<byte> Head(string path, Span<byte> head)
    {
        try
        {
            // pipes and devices have length 0, and opening one could block for ever
            if (path.Length == 0 || FinalFile.Of(path) is not { Exists: true, Length: > 0 })
                return [];
            using var file = File.OpenRead(path);
            return head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
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
            var photo = reader.Read(photos[Number++]);
            if (reader.Warning.Length > 0)
                Verbs.Fail(reader.Warning);
            return photo;
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

    /// <summary>
    /// After the last frame: reports how many could not be decoded, and whether the video is as long as its container states. Where only
    /// the number of frames differs, the video may be good: an edit list hides frames, a sound track lasts longer, the rate changes. So
    /// that is a warning, unless less than half of the frames came from a container that counts them.
    /// </summary>
    /// <exception cref="OperatingException">The file is truncated, or most of its frames are missing.</exception>
    public void CheckWhole()
    {
        if (capture is null)
            return;
        if (damaged > 0)
            Verbs.Fail($"{path}: {damaged} frames could not be decoded and were left out");
        var (missing, isCounting) = Container();
        if (missing > 0)
            throw new OperatingException(
                $"video '{path}' is truncated: its container states {missing} bytes more than the file has; {Number} frames could be read"
                    + (Count > Number ? $" of {Count}" : "")
                    + "; copy it again"
            );
        if (Count - Number <= CountTolerance)
            return;
        var found = $"video '{path}': its container states {(isCounting ? "" : "about ")}{Count} frames, {Number} could be read";
        if (isCounting && Number < Count / 2)
            throw new OperatingException($"{found}; it is damaged: copy it again");
        Verbs.Fail(
            $"{found}; compare the last one with the end of the video: "
                + "hidden frames, a longer sound track or a changing frame rate have the same effect"
        );
    }

    /// <summary>
    /// Bytes that the file lacks, and whether its container holds the number of frames that it has: Matroska holds a duration, and AVI
    /// counts the places of frames that were dropped too.
    /// </summary>
    private (long Missing, bool IsCounting) Container()
    {
        try
        {
            using var file = File.OpenRead(path);
            var missing = VideoContainer.MissingBytes(file);
            file.Position = 0;
            return (missing, file.ReadByte() is not (MatroskaFirstByte or RiffFirstByte));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"video '{path}' cannot be read to its end ({e.Message}); check the disk");
        }
    }

    /// <summary>The container's time of the frame; where it has none, or one that runs backwards, the number by the frame rate.</summary>
    private void Stamp()
    {
        var stated = capture!.Get(VideoCaptureProperties.PosMsec) / 1000;
        TimeS = stated > TimeS || (stated == 0 && Number == 1) ? stated : Math.Max(TimeS, (Number - 1) / Fps);
    }

    public void Dispose() => capture?.Dispose();
}
