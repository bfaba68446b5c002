using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Capture;

public class PipeCameraTests
{
    /// <summary>In milliseconds; far more than a loaded machine needs.</summary>
    private const int Patience = 120_000;

    [Theory]
    [InlineData(PipeFormat.Bgr24, "bgr24")]
    [InlineData(PipeFormat.Rgb24, "rgb24")]
    [InlineData(PipeFormat.Gray8, "gray")]
    [InlineData(PipeFormat.Yuyv, "yuyv422")]
    [InlineData(PipeFormat.Nv12, "nv12")]
    [InlineData(PipeFormat.I420, "yuv420p")]
    [InlineData(PipeFormat.Y4m, "yuv420p")]
    internal void Every_pipe_format_gives_the_colour_that_was_sent(PipeFormat format, string pixels)
    {
        Assert.SkipUnless(Programs.Has("ffmpeg"), "ffmpeg is not installed");
        var muxer = format == PipeFormat.Y4m ? "yuv4mpegpipe" : "rawvideo";
        var isY4m = format == PipeFormat.Y4m;
        var command = $"ffmpeg -loglevel error -f lavfi -i color=c=0xC86414:size=64x48:rate=10 -frames:v 3 -pix_fmt {pixels} -f {muxer} -";
        using var camera = new PipeCamera(PipeCommand.Shell(command), format, isY4m ? 0 : 64, isY4m ? 0 : 48, 10);
        var granted = camera.Open();
        Assert.Equal((64, 48, 10.0), (granted.Width, granted.Height, granted.Fps));
        using var picture = new Mat();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(GrabOutcome.Ok, camera.Grab());
            Assert.True(camera.Retrieve(picture));
        }

        var pixel = picture.At<Vec3b>(20, 20);
        var expected = format == PipeFormat.Gray8 ? (120, 120, 120) : (20, 100, 200);
        Assert.InRange(pixel.Item0, expected.Item1 - 8, expected.Item1 + 8);
        Assert.InRange(pixel.Item1, expected.Item2 - 8, expected.Item2 + 8);
        Assert.InRange(pixel.Item2, expected.Item3 - 8, expected.Item3 + 8);
        Assert.Equal(GrabOutcome.Failed, camera.Grab());
        Assert.Contains("ended with code 0", camera.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_output_of_a_command_explains_its_end()
    {
        using var camera = new PipeCamera(
            PipeCommand.Shell("head -c 5000 /dev/zero; seq 1 9999 >&2; echo no such sensor >&2; exit 3"),
            PipeFormat.Bgr24,
            32,
            32,
            0
        );
        camera.Open();
        Assert.Equal(GrabOutcome.Ok, camera.Grab());
        Assert.Equal(GrabOutcome.Failed, camera.Grab());
        Assert.Contains("ended with code 3", camera.Reason, StringComparison.Ordinal);
        Assert.Contains("no such sensor", camera.Reason, StringComparison.Ordinal);
        Assert.Contains("1928 of 3072 bytes", camera.Reason, StringComparison.Ordinal);
        Assert.InRange(camera.Reason.Length, 1, 2 * CaptureLimits.PipeErrorBytes);
    }

    [Fact]
    public void A_command_that_does_not_exist_is_reported()
    {
        using var camera = new PipeCamera(PipeCommand.Shell("edgeseg-no-such-program"), PipeFormat.Y4m, 0, 0, 0);
        Assert.Contains("not found", Assert.Throws<OperatingException>(() => camera.Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Closing_takes_the_whole_process_group_along()
    {
        // the shell and its two children, one of which ignores the polite signal
        var camera = new PipeCamera(
            PipeCommand.Shell("(trap '' TERM; while :; do sleep 1000; done) & sleep 1001 & cat /dev/zero"),
            PipeFormat.Gray8,
            32,
            32,
            0
        );
        camera.Open();
        Assert.Equal(GrabOutcome.Ok, camera.Grab());
        var group = camera.ProcessId;
        Assert.True(SpinWait.SpinUntil(() => Members(group) >= 4, Patience));
        camera.Dispose();
        Assert.True(SpinWait.SpinUntil(() => Members(group) == 0, Patience), $"{Members(group)} processes are left");
    }

    [Fact]
    public void A_waiting_grab_comes_back_when_cancelled()
    {
        using var camera = new PipeCamera(PipeCommand.Shell("sleep 1000"), PipeFormat.Gray8, 32, 32, 0);
        camera.Open();
        var outcome = GrabOutcome.Ok;
        var thread = new Thread(() => outcome = camera.Grab());
        thread.Start();
        camera.Cancel();
        Assert.True(thread.Join(Patience), "the grab returns");
        Assert.Equal(GrabOutcome.Failed, outcome);
    }

    [Theory]
    [InlineData("YUV4MPEG2 W640 H480 F30000:1001 Ip A1:1 C420mpeg2", 640, 480, 29.97)]
    [InlineData("YUV4MPEG2 W64 H48", 64, 48, 0)]
    public void A_stream_header_is_read(string line, int width, int height, double fps)
    {
        var read = PipeCamera.ParseStreamHeader(line);
        Assert.Equal((width, height), (read.Width, read.Height));
        Assert.Equal(fps, read.Fps, 2);
    }

    [Theory]
    [InlineData("RIFF")]
    [InlineData("YUV4MPEG2 W64 H48 C444")]
    [InlineData("YUV4MPEG2 W64 H48 C420p10")]
    public void Another_stream_is_refused(string line) => Assert.Throws<OperatingException>(() => PipeCamera.ParseStreamHeader(line));

    [Fact]
    public void A_size_that_does_not_suit_the_format_is_refused_before_anything_is_started()
    {
        Assert.Throws<OperatingException>(() => new PipeCamera(PipeCommand.Shell("true"), PipeFormat.Nv12, 33, 32, 0).Open());
        Assert.Throws<OperatingException>(() => new PipeCamera(PipeCommand.Shell("true"), PipeFormat.Bgr24, 0, 0, 0).Open());
    }

    private static int Members(int group) =>
        Directory
            .EnumerateDirectories("/proc")
            .Count(folder =>
            {
                try
                {
                    var stat = File.ReadAllText(folder + "/stat");
                    var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                    return fields[0] != "Z" && fields[2] == group.ToString();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    return false;
                }
            });
}
