using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Capture;

/// <summary>
/// The ffmpeg command (5.1 or newer) for an RTSP address, over TCP. The address goes in through standard input, as a list of one entry for
/// ffmpeg's concat reader: on the command line every user of the device could read the password with ps.
/// </summary>
internal static class RtspCommand
{
    /// <summary>Throws an <see cref="OperatingException"/> when the credentials file cannot be used.</summary>
    public static PipeCommand For(string address, string credentialsFile, int width, int height)
    {
        var secret = "";
        if (credentialsFile.Length > 0)
        {
            var (user, password) = CameraCredentials.Read(credentialsFile);
            secret = Uri.EscapeDataString(password);
            var host = address.IndexOf("://", StringComparison.Ordinal) + 3;
            address = $"{address[..host]}{Uri.EscapeDataString(user)}:{secret}@{address[host..]}";
        }

        // I420 has even sides
        var filter = width > 0 && height > 0 ? $"scale={width}:{height}" : "crop=trunc(iw/2)*2:trunc(ih/2)*2";
        return new PipeCommand(
            [
                "ffmpeg",
                "-hide_banner",
                "-nostats",
                "-loglevel",
                "error",
                "-fflags",
                "nobuffer",
                "-flags",
                "low_delay",
                "-f",
                "concat",
                "-safe",
                "0",
                "-protocol_whitelist",
                "pipe,rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto",
                "-i",
                "pipe:0",
                "-an",
                "-vf",
                filter,
                "-fps_mode",
                "passthrough",
                "-pix_fmt",
                "yuv420p",
                "-f",
                "yuv4mpegpipe",
                "pipe:1",
            ],
            $"ffconcat version 1.0\nfile '{address}'\noption rtsp_transport tcp\noption timeout {CaptureLimits.RtspSilenceMs * 1000L}\n",
            secret
        );
    }
}
