namespace EdgeSeg.Capture;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class CaptureLimits
{
    /// <summary>Frames that wait for inference: one in progress, one fresh; older ones are worth less than new ones.</summary>
    public const int FrameQueue = 2;

    /// <summary>Fastest camera, in frames a second: above it, the cost of handling a frame would dominate.</summary>
    public const int MaxCameraFps = 1000;

    /// <summary>Pictures of one folder that are replayed; their names are held in memory.</summary>
    public const int MaxFolderPictures = 100_000;

    /// <summary>Largest file with a camera's user and password, in bytes.</summary>
    public const int MaxCredentialsBytes = 4 << 10;

    /// <summary>Largest picture of a motion JPEG stream, in bytes: far above what a camera of 32 megapixels sends.</summary>
    public const int MaxJpegBytes = 32 << 20;

    /// <summary>
    /// Bytes without a picture's beginning, after which a stream is no motion JPEG: headers between pictures have a few hundred.
    /// </summary>
    public const int MaxJpegHeaderBytes = 1 << 20;

    /// <summary>Last bytes of a camera command's error output that are kept to explain its end.</summary>
    public const int PipeErrorBytes = 2 << 10;

    /// <summary>
    /// Time that a camera command has to end before it is killed, in milliseconds: NVIDIA's camera daemon must be closed
    /// properly.
    /// </summary>
    public const int PipeCloseMs = 1000;

    /// <summary>Longest network silence of an RTSP camera before ffmpeg gives up, in milliseconds.</summary>
    public const int RtspSilenceMs = 5000;

    /// <summary>First wait before a camera is opened again, in milliseconds; it doubles from there.</summary>
    public const int CameraBackOffMinMs = 500;

    /// <summary>Longest such wait: a camera that is plugged in again is seen within a minute.</summary>
    public const int CameraBackOffMaxMs = 60_000;

    /// <summary>Healthy streaming after which the next loss begins with the first wait again, in milliseconds.</summary>
    public const int CameraBackOffResetMs = 10_000;

    /// <summary>
    /// A camera call that has not returned after this long is abandoned, in milliseconds: longer than the 10 s after which OpenCV's V4L2
    /// reader ends it.
    /// </summary>
    public const int CameraHangMs = 15_000;

    /// <summary>A call that waits for the first frame is abandoned this long after the camera's open_timeout_s, in milliseconds.</summary>
    public const int CameraHangMarginMs = 5_000;

    /// <summary>The same for opening: some cameras negotiate, warm up or wait for a key frame.</summary>
    public const int CameraOpenHangMs = 30_000;

    /// <summary>Mean brightness (0..255) below which a picture is black: a covered sensor's noise stays below it.</summary>
    public const int BlackLevel = 6;

    /// <summary>
    /// Shortest silence that is a stall, in milliseconds, whatever the frame rate: a shorter one may be the scheduler's.
    /// </summary>
    public const int CameraStallMinMs = 500;

    /// <summary>
    /// Abandoned camera calls, each with a thread and a device, at which the process must end.
    /// </summary>
    public const int MaxAbandonedReads = 3;

    /// <summary>
    /// Pictures in a row that cannot be decoded, after which the camera counts as lost: a second or two of a damaged stream.
    /// </summary>
    public const int MaxDamagedInARow = 30;

    /// <summary>How often a camera's silence is checked, in milliseconds.</summary>
    public const int CameraWatchMs = 250;

    /// <summary>
    /// How often a picture is decoded only to see whether the camera is frozen or black, in milliseconds, while inference asks for none.
    /// </summary>
    public const int CameraLookMs = 1000;

    /// <summary>Oldest V4L2 buffer stamp that is used, in milliseconds: older ones are of another clock.</summary>
    public const int DriverStampMaxAgeMs = 2000;

    /// <summary>Time that closing a camera may take before its thread is abandoned, in milliseconds.</summary>
    public const int CameraCloseMs = 3000;

    /// <summary>Edges that wait for their frames: more than a queue of frames could answer anyway.</summary>
    public const int PendingEdges = 16;

    /// <summary>An edge without a frame for this long is missed: the object is no longer in front of the camera.</summary>
    public const int TriggerMaxAgeMs = 5_000;
}
