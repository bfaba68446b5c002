using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Capture;

/// <summary>Against GStreamer's RTSP server on loopback; skipped where it or ffmpeg is not installed.</summary>
public sealed class RtspTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-rtsp-").FullName;
    private Process? server;

    public void Dispose()
    {
        server?.Kill();
        server?.WaitForExit();
        server?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Frames_come_over_tcp_with_credentials_that_ps_does_not_show()
    {
        var port = Serve("robot:p@ss:wörd");
        using var camera = Camera(port, "robot:p@ss:wörd");
        var format = camera.Open();
        Assert.Equal((320, 240, 25.0, "y4m"), (format.Width, format.Height, format.Fps, format.Coding));
        using var picture = new Mat();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(GrabOutcome.Ok, camera.Grab());
            Assert.True(camera.Retrieve(picture));
            Assert.Equal((320, 240, MatType.CV_8UC3), (picture.Cols, picture.Rows, picture.Type()));
        }

        // the white ball of the test pattern on black
        Cv2.MinMaxLoc(picture.Reshape(1), out double least, out double most);
        Assert.True(least < 30 && most > 200, $"{least}..{most}");
        var shown = File.ReadAllText($"/proc/{((PipeCamera)camera).ProcessId}/cmdline");
        Assert.Contains("ffmpeg", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("p%40ss", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("p@ss", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_password_is_reported_without_repeating_it()
    {
        var port = Serve("robot:right");
        using var camera = Camera(port, "robot:secretwrong");
        var e = Assert.Throws<OperatingException>(() => camera.Open());
        Assert.Contains("401", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secretwrong", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_dies_ends_the_camera_with_a_reason()
    {
        var port = Serve("robot:right");
        using var camera = Camera(port, "robot:right");
        camera.Open();
        Assert.Equal(GrabOutcome.Ok, camera.Grab());
        server!.Kill();
        var outcome = GrabOutcome.Ok;
        for (var i = 0; i < 500 && outcome == GrabOutcome.Ok; i++)
            outcome = camera.Grab();
        Assert.Equal(GrabOutcome.Failed, outcome);
        Assert.Contains("the camera's command ended", camera.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_connection_is_reported_with_the_reason()
    {
        Assert.SkipUnless(Programs.Has("ffmpeg"), "ffmpeg is not installed");
        using var camera = CameraSource.Create(new CameraOptions { Id = "a", Uri = "rtsp://127.0.0.1:9/cam" });
        Assert.Contains("refused", Assert.Throws<OperatingException>(() => camera.Open()).Message, StringComparison.Ordinal);
    }

    private ICamera Camera(int port, string credentials)
    {
        var file = Path.Combine(folder, "credentials");
        File.WriteAllText(file, credentials + "\n");
        return CameraSource.Create(
            new CameraOptions
            {
                Id = "a",
                Uri = $"rtsp://127.0.0.1:{port}/cam",
                CredentialsFile = file,
            }
        );
    }

    private int Serve(string credentials, [CallerFilePath] string here = "")
    {
        Assert.SkipUnless(Programs.Has("ffmpeg"), "ffmpeg is not installed");
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed");
        var script = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "data", "rtsp", "server.py");
        server = Process.Start(
            new ProcessStartInfo("/usr/bin/python3", [script, credentials]) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var port = server.StandardOutput.ReadLine();
        Assert.SkipWhen(port is null, "GStreamer's RTSP server is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi)");
        return int.Parse(port!);
    }
}

internal static class Programs
{
    public static bool Has(string name) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));
}
