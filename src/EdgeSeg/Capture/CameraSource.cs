using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Capture;

/// <summary>Makes the camera for a camera's options.</summary>
internal static class CameraSource
{
    /// <summary>
    /// Makes an unopened camera; throws an <see cref="OperatingException"/> for an address or credentials file that cannot be used.
    /// </summary>
    public static ICamera Create(CameraOptions options)
    {
        var uri = CameraUri.Parse(options.Uri);
        return uri.Kind switch
        {
            CameraKind.V4l2 or CameraKind.File => new OpenCvCamera(options, uri),
            CameraKind.Rtsp => new PipeCamera(
                RtspCommand.For(uri.Target, options.CredentialsFile, options.Width, options.Height),
                PipeFormat.Y4m,
                0,
                0,
                0
            ),
            CameraKind.Http => new HttpCamera(uri.Target, options.CredentialsFile, options.OpenTimeoutS),
            CameraKind.Pipe => new PipeCamera(
                PipeCommand.Shell(uri.Target),
                options.PipeFormat,
                options.Width,
                options.Height,
                options.Fps
            ),
            CameraKind.Images => new ImageFolderCamera(uri.Target, options.Fps, options.Loop),
            _ => new TestCamera(uri.Scene),
        };
    }
}
