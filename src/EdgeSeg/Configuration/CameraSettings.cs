using EdgeSeg.Capture;

namespace EdgeSeg.Configuration;

/// <summary>When a camera's frames are segmented without a command.</summary>
internal enum CameraMode
{
    Continuous,
    Interval,
    OnTrigger,
    OnCommand,
}

/// <summary>One <c>[[camera]]</c>.</summary>
internal sealed class CameraSettings(int index)
{
    public string Id { get; set; } = $"cam{index}";

    public string Uri { get; set; } = "v4l2:/dev/video0";

    public string CredentialsFile { get; set; } = "";

    public int Width { get; set; }

    public int Height { get; set; }

    public double Fps { get; set; }

    public string FourCc { get; set; } = "";

    public int Rotate { get; set; }

    /// <summary>In pixels of the rotated picture; null: all of it.</summary>
    public Area? Crop { get; set; }

    /// <summary>In pixels of the published picture; null: all of it.</summary>
    public Area? Roi { get; set; }

    public bool Loop { get; set; }

    public bool Realtime { get; set; } = true;

    public int PipeWidth { get; set; }

    public int PipeHeight { get; set; }

    public PipeFormat PipeFormat { get; set; } = PipeFormat.Bgr24;

    public CameraMode Mode { get; set; } = CameraMode.Continuous;

    public double MaxFps { get; set; }

    public double IntervalS { get; set; } = 1;

    public double MinScore { get; set; }

    public double MinArea { get; set; }

    public int StallFrames { get; set; } = 30;

    public double FreezeS { get; set; } = 10;

    public double OpenTimeoutS { get; set; } = 10;

    public bool DetectBlack { get; set; } = true;

    /// <summary>
    /// The part before the first colon: <c>v4l2</c>, <c>rtsp</c>, <c>rtsps</c>, <c>http</c>, <c>https</c>, <c>file</c>, <c>images</c>,
    /// <c>pipe</c>, <c>test</c>.
    /// </summary>
    public string Scheme => CameraUri.Split(Uri).Scheme;

    /// <summary>The kind that <see cref="Scheme"/> names; null: none.</summary>
    public CameraKind? Kind => CameraUri.KindOf(Uri);

    /// <summary>The part that Capture needs.</summary>
    public CameraOptions ToOptions() =>
        new()
        {
            Id = Id,
            Uri = Uri,
            Width = Kind == CameraKind.Pipe ? PipeWidth : Width,
            Height = Kind == CameraKind.Pipe ? PipeHeight : Height,
            Fps = Fps,
            FourCc = FourCc,
            Rotate = Rotate,
            Crop = Crop is { } c ? new Crop(c.X, c.Y, c.Width, c.Height) : null,
            Loop = Loop,
            Realtime = Realtime,
            CredentialsFile = CredentialsFile,
            PipeFormat = PipeFormat,
            StallFrames = StallFrames,
            FreezeS = FreezeS,
            BlackLevel = DetectBlack ? CaptureLimits.BlackLevel : 0,
            BlackS = ConfigurationLimits.BlackS,
            OpenTimeoutS = OpenTimeoutS,
        };

    private const string Doc = "A camera. Repeat the table for each camera. Without one, `run` refuses to start.";

    public static Section Section { get; } =
        new Section<CameraSettings>("camera", Doc, (s, i) => s.Cameras[i], isList: true)
            .Text("id", TextForms.Id, "Id in topics; by default cam and the number of the camera from 0.", c => c.Id, (c, v) => c.Id = v)
            .Text("uri", TextForms.Camera, "Source of the frames.", c => c.Uri, (c, v) => c.Uri = v)
            .Text(
                "credentials_file",
                TextForms.File,
                "For rtsp and http: a file that holds user:password.",
                c => c.CredentialsFile,
                (c, v) => c.CredentialsFile = v
            )
            .Integer(
                "width",
                0,
                ConfigurationLimits.MaxImageSide,
                "Width requested from the camera in pixels; 0: its default.",
                c => c.Width,
                (c, v) => c.Width = v
            )
            .Integer(
                "height",
                0,
                ConfigurationLimits.MaxImageSide,
                "Height requested from the camera in pixels; 0: its default.",
                c => c.Height,
                (c, v) => c.Height = v
            )
            .Number("fps", 0, 1000, "Frames a second requested from the camera; 0: its default.", c => c.Fps, (c, v) => c.Fps = v)
            .Text(
                "fourcc",
                TextForms.FourCc,
                "Pixel format requested from a v4l2 camera; empty: its default.",
                c => c.FourCc,
                (c, v) => c.FourCc = v
            )
            .OneOf(
                "rotate",
                [0, 90, 180, 270],
                "Degrees clockwise by which the picture is rotated first.",
                c => c.Rotate,
                (c, v) => c.Rotate = v
            )
            .Area("crop", "Part of the rotated picture that is kept and published; []: all of it.", c => c.Crop, (c, v) => c.Crop = v)
            .Area("roi", "Part of the published picture in which objects are searched for; []: all of it.", c => c.Roi, (c, v) => c.Roi = v)
            .Flag("loop", "Start again at the end of file: and images:.", c => c.Loop, (c, v) => c.Loop = v)
            .Flag("realtime", "Play file: at its own frame rate; false: as fast as possible.", c => c.Realtime, (c, v) => c.Realtime = v)
            .Integer(
                "pipe_width",
                0,
                ConfigurationLimits.MaxImageSide,
                "Width of the raw frames of a pipe:; required there, but not for y4m.",
                c => c.PipeWidth,
                (c, v) => c.PipeWidth = v
            )
            .Integer(
                "pipe_height",
                0,
                ConfigurationLimits.MaxImageSide,
                "Height of the raw frames of a pipe:; required there, but not for y4m.",
                c => c.PipeHeight,
                (c, v) => c.PipeHeight = v
            )
            .Choice(
                "pipe_format",
                "Pixel format of those frames; y4m carries its own size.",
                c => c.PipeFormat,
                (c, v) => c.PipeFormat = v,
                ("bgr24", PipeFormat.Bgr24),
                ("rgb24", PipeFormat.Rgb24),
                ("gray8", PipeFormat.Gray8),
                ("yuyv", PipeFormat.Yuyv),
                ("nv12", PipeFormat.Nv12),
                ("i420", PipeFormat.I420),
                ("y4m", PipeFormat.Y4m),
                ("mjpeg", PipeFormat.Mjpeg)
            )
            .Choice("mode", "When frames are segmented automatically.", c => c.Mode, (c, v) => c.Mode = v, CameraModes.Words)
            .Number(
                "max_fps",
                0,
                1000,
                "Largest number of masks a second in continuous mode; 0: as fast as the model runs.",
                c => c.MaxFps,
                (c, v) => c.MaxFps = v
            )
            .Number("interval_s", 0.05, 86400, "Seconds between masks in interval mode.", c => c.IntervalS, (c, v) => c.IntervalS = v)
            .Number(
                "min_score",
                0,
                1,
                "Automatic masks below this score are published as nothing found.",
                c => c.MinScore,
                (c, v) => c.MinScore = v
            )
            .Number(
                "min_area",
                0,
                1,
                "Automatic masks below this share of the picture are published as nothing found.",
                c => c.MinArea,
                (c, v) => c.MinArea = v
            )
            .Integer(
                "stall_frames",
                2,
                10000,
                "Frame periods without a frame after which the camera is stalled.",
                c => c.StallFrames,
                (c, v) => c.StallFrames = v
            )
            .Number(
                "freeze_s",
                0,
                3600,
                "Seconds of identical pixels after which the camera is frozen; 0: never.",
                c => c.FreezeS,
                (c, v) => c.FreezeS = v
            )
            .Number(
                "open_timeout_s",
                1,
                600,
                "Seconds that the first frame after opening may take; a slower camera counts as stalled and is opened again.",
                c => c.OpenTimeoutS,
                (c, v) => c.OpenTimeoutS = v
            )
            .Flag(
                "detect_black",
                "Raise an alert when the picture has been black for 5 seconds; false: never.",
                c => c.DetectBlack,
                (c, v) => c.DetectBlack = v
            );
}
