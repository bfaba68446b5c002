using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// What OpenCV's VideoCapture can read here: V4L2 devices, and video files through its FFmpeg. Network addresses it cannot (see
/// docs/decisions/cameras.md). A call that hangs inside the driver cannot be cancelled; the runner abandons it.
/// </summary>
internal sealed class OpenCvCamera : ICamera
{
    private readonly CameraOptions options;
    private readonly CameraUri uri;
    private readonly VideoCapture capture = new();
    private long grabbed,
        decoded,
        undecoded,
        expected;

    public OpenCvCamera(CameraOptions options, CameraUri uri) => (this.options, this.uri) = (options, uri);

    public double PositionMs { get; private set; }

    public string Reason { get; private set; } = "";

    public string EndRemark =>
        options.Loop ? ""
        : undecoded > 0 ? $"video '{uri.Target}' has ended; {undecoded} of its pictures could not be decoded"
        : IsTruncated ? $"video '{uri.Target}' ended after {grabbed} of {expected} pictures; the file may be truncated"
        : "";

    public string? EndFault
    {
        get
        {
            const string remedy = "convert it with ffmpeg to H.264 in MP4 or to MJPEG in AVI";
            var coding = FourCc((int)Property(VideoCaptureProperties.FourCC));
            if (grabbed == 0)
                return $"video '{uri.Target}' (coding {coding}) gave no picture; {remedy}";
            return undecoded > 0 && decoded == 0
                ? $"none of the pictures of video '{uri.Target}' (coding {coding}) could be decoded; {remedy}"
                : null;
        }
    }

    /// <summary>Containers state the number of pictures only roughly.</summary>
    private bool IsTruncated => expected - grabbed > Math.Max(2, expected / 50);

    public CameraFormat Open() => uri.Kind == CameraKind.V4l2 ? OpenDevice() : OpenFile();

    private CameraFormat OpenDevice()
    {
        if (!File.Exists(uri.Target))
            throw new OperatingException($"camera device {uri.Target} is not there; plug it in, or see ls /dev/v4l/by-id");
        if (!TryOpen(VideoCaptureAPIs.V4L2))
            throw new OperatingException($"camera device {uri.Target} cannot be opened; {WhyNot(uri.Target)}");
        // the coding first: a size may exist in one coding only
        if (options.FourCc.Length == 4)
            Ask(
                VideoCaptureProperties.FourCC,
                VideoWriter.FourCC(options.FourCc[0], options.FourCc[1], options.FourCc[2], options.FourCc[3])
            );
        if (options.Width > 0)
            Ask(VideoCaptureProperties.FrameWidth, options.Width);
        if (options.Height > 0)
            Ask(VideoCaptureProperties.FrameHeight, options.Height);
        if (options.Fps > 0)
            Ask(VideoCaptureProperties.Fps, options.Fps);
        return Granted("driver", true, 0);
    }

    private CameraFormat OpenFile()
    {
        if (!File.Exists(uri.Target))
            throw new OperatingException($"video '{uri.Target}' does not exist; check the camera's path");
        if (!TryOpen(VideoCaptureAPIs.FFMPEG))
            throw new OperatingException($"video '{uri.Target}' cannot be read; convert it with ffmpeg to H.264 in MP4 or to MJPEG in AVI");
        var fps = Property(VideoCaptureProperties.Fps);
        expected = (long)Property(VideoCaptureProperties.FrameCount);
        return Granted("file", options.Realtime, options.Realtime ? (fps > 0 ? fps : 25) : 0);
    }

    private bool TryOpen(VideoCaptureAPIs api)
    {
        try
        {
            return capture.Open(uri.Target, api) && capture.IsOpened();
        }
        catch (OpenCVException)
        {
            return false;
        }
    }

    private CameraFormat Granted(string timeSource, bool isLive, double paceFps) =>
        new(
            (int)Property(VideoCaptureProperties.FrameWidth),
            (int)Property(VideoCaptureProperties.FrameHeight),
            Property(VideoCaptureProperties.Fps),
            FourCc((int)Property(VideoCaptureProperties.FourCC)),
            timeSource,
            isLive,
            uri.Kind == CameraKind.V4l2,
            paceFps
        );

    public GrabOutcome Grab()
    {
        try
        {
            if (!GrabNext() && !(options.Loop && uri.Kind == CameraKind.File && grabbed > 0 && Rewind()))
            {
                if (uri.Kind == CameraKind.File)
                    return GrabOutcome.End;
                Reason = File.Exists(uri.Target)
                    ? $"camera device {uri.Target} gives no pictures any more; check its cable and power"
                    : $"camera device {uri.Target} was unplugged";
                return GrabOutcome.Failed;
            }

            grabbed++;
            PositionMs = Property(VideoCaptureProperties.PosMsec);
            return GrabOutcome.Ok;
        }
        catch (OpenCVException e)
        {
            Reason = $"OpenCV could not read from {uri.Target} ({e.ErrMsg})";
            return GrabOutcome.Failed;
        }
    }

    public bool Retrieve(Mat picture)
    {
        var isWhole = TryRetrieve(picture);
        (decoded, undecoded) = isWhole ? (decoded + 1, undecoded) : (decoded, undecoded + 1);
        return isWhole;
    }

    /// <summary>False for a damaged picture, a webcam's JPEG for example; the next one may be whole.</summary>
    private bool TryRetrieve(Mat picture)
    {
        try
        {
            using var messages = NativeStderr.Begin();
            return capture.Retrieve(picture)
                && !picture.Empty()
                && picture.Type() == MatType.CV_8UC3
                && JpegDecoder.DamageIn(messages.End()).Length == 0;
        }
        catch (OpenCVException)
        {
            return false;
        }
    }

    /// <summary>FFmpeg decodes while it grabs, and names no file in what it writes; a V4L2 device waits for its picture here.</summary>
    private bool GrabNext()
    {
        if (uri.Kind == CameraKind.V4l2)
            return capture.Grab();
        using var messages = NativeStderr.Begin();
        return capture.Grab();
    }

    private bool Rewind() =>
        (capture.Set(VideoCaptureProperties.PosFrames, 0) && capture.Grab()) || (TryOpen(VideoCaptureAPIs.FFMPEG) && capture.Grab());

    /// <summary>A requested value may be refused; <see cref="Granted"/> returns the granted ones.</summary>
    private void Ask(VideoCaptureProperties property, double value) => capture.Set(property, value);

    private double Property(VideoCaptureProperties property)
    {
        var value = capture.Get(property);
        return double.IsFinite(value) && value > 0 ? value : 0;
    }

    private static string FourCc(int code) =>
        code == 0
            ? "unknown"
            : new string([(char)(code & 0x7F), (char)(code >> 8 & 0x7F), (char)(code >> 16 & 0x7F), (char)(code >> 24 & 0x7F)]).Trim();

    private static string WhyNot(string device)
    {
        try
        {
            using var file = new FileStream(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return "another program may hold it, or it is not a capture device (see v4l2-ctl --list-devices)";
        }
        catch (UnauthorizedAccessException)
        {
            return "give this user the right to it: usermod -aG video USER";
        }
        catch (IOException e)
        {
            return $"the system says: {e.Message}";
        }
    }

    public void Cancel() { }

    public void Dispose() => capture.Dispose();
}
