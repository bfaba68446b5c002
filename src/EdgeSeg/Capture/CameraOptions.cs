namespace EdgeSeg.Capture;

/// <summary>Layout of a picture on a pipe: rows without padding, one picture right after the other.</summary>
internal enum PipeFormat
{
    /// <summary>3 bytes a pixel: blue, green, red.</summary>
    Bgr24,

    /// <summary>3 bytes a pixel: red, green, blue.</summary>
    Rgb24,

    /// <summary>1 byte a pixel.</summary>
    Gray8,

    /// <summary>4 bytes for two pixels of a row: Y, U, Y, V (V4L2's YUYV); even width.</summary>
    Yuyv,

    /// <summary>A plane of Y, then one of U and V in turn at half size; even sides.</summary>
    Nv12,

    /// <summary>Planes of Y, U and V, the latter two at half size; even sides.</summary>
    I420,

    /// <summary>YUV4MPEG2 with 4:2:0 pictures: states its own size, so width and height need not be given; even sides.</summary>
    Y4m,

    /// <summary>Whole JPEG pictures one after the other; each states its own size.</summary>
    Mjpeg,
}

/// <summary>A rectangle in pixels, of the picture after rotation.</summary>
internal readonly record struct Crop(int X, int Y, int Width, int Height);

/// <summary>The configuration of one <c>[[camera]]</c>. Zero or empty: the source decides.</summary>
internal sealed record CameraOptions
{
    /// <summary>Name in topics, <c>[a-z0-9-]{1,64}</c>.</summary>
    public required string Id { get; init; }

    /// <summary>See <see cref="CameraUri"/>.</summary>
    public required string Uri { get; init; }

    /// <summary>
    /// Requested of the source in pixels, before rotation and crop. Required for <c>pipe:</c> with raw pictures.
    /// </summary>
    public int Width { get; init; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; init; }

    /// <summary>Frames a second requested of a device; the rate of <c>images:</c> (0: as fast as they are processed).</summary>
    public double Fps { get; init; }

    /// <summary>Four characters, for V4L2: <c>MJPG</c>, <c>YUYV</c>.</summary>
    public string FourCc { get; init; } = "";

    /// <summary>Degrees clockwise: 0, 90, 180 or 270.</summary>
    public int Rotate { get; init; }

    /// <summary>Part of the rotated picture that is used; all of it when null.</summary>
    public Crop? Crop { get; init; }

    /// <summary>A video or folder begins again at its end.</summary>
    public bool Loop { get; init; }

    /// <summary>
    /// A video plays at its own rate and drops frames that inference cannot take; else every frame is used, as fast as they are processed.
    /// </summary>
    public bool Realtime { get; init; }

    /// <summary>File with <c>user:password</c> for RTSP and HTTP.</summary>
    public string CredentialsFile { get; init; } = "";

    public PipeFormat PipeFormat { get; init; } = PipeFormat.Bgr24;

    /// <summary>Seconds that the first frame after opening may take.</summary>
    public double OpenTimeoutS { get; init; } = 10;

    /// <summary>Frame times without a frame after which the camera is stalled.</summary>
    public int StallFrames { get; init; } = 30;

    /// <summary>Seconds of the same pixels after which it is frozen; 0 switches this off.</summary>
    public double FreezeS { get; init; } = 10;

    /// <summary>Mean brightness (0..255) below which a picture is black; 0 switches this off.</summary>
    public int BlackLevel { get; init; } = CaptureLimits.BlackLevel;

    /// <summary>Seconds of black pictures after which the camera is black.</summary>
    public double BlackS { get; init; } = 5;
}
