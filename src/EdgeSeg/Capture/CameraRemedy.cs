namespace EdgeSeg.Capture;

/// <summary>What a person can do about a camera that is lost, by the kind of its address.</summary>
internal static class CameraRemedy
{
    /// <summary>In the running service, which reopens the camera.</summary>
    public static string For(string uri) => $"{Action(uri)}; it is opened again automatically";

    public static string Action(string uri) =>
        CameraUri.KindOf(uri) switch
        {
            CameraKind.V4l2 => "check the camera's cable, power and device path",
            CameraKind.Rtsp or CameraKind.Http => "check the camera's address, credentials, power and network",
            CameraKind.File => "check the video file",
            CameraKind.Images => "check the folder and its photographs",
            CameraKind.Pipe => "run the command in a shell and check what it writes",
            _ => "check the camera",
        };
}
