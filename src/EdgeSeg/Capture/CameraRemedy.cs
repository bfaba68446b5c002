namespace EdgeSeg.Capture;

/// <summary>What a person can do about a camera that is lost, by the kind of its address.</summary>
internal static class CameraRemedy
{
    /// <summary>In the running service, which reopens the camera.</summary>
    public static string For(string uri) => $"{Action(uri)}; it is opened again automatically";

    public static string Action(string uri) =>
        CameraUri.Split(uri).Scheme switch
        {
            "v4l2" => "check the camera's cable, power and device path",
            "rtsp" or "rtsps" or "http" or "https" => "check the camera's address, credentials, power and network",
            "file" => "check the video file",
            "images" => "check the folder and its photographs",
            "pipe" => "run the command in a shell and check what it writes",
            _ => "check the camera",
        };
}
