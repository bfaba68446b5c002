using System.Collections.Concurrent;
using EdgeSeg.Configuration;
using EdgeSeg.Health;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Capture;

/// <summary>What cameras say about faulty sources: the cause, the file, the number of pictures.</summary>
public sealed class CameraFaultTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly Drops drops = new();
    private readonly FramePool pool = new(4);
    private readonly FrameQueue queue;
    private readonly ConcurrentQueue<string> warnings = [];
    private readonly ConcurrentQueue<CameraStatus> changes = [];
    private CameraRunner? runner;

    public CameraFaultTests() => queue = new FrameQueue(drops);

    public void Dispose()
    {
        runner?.Dispose();
        pool.Dispose();
        scratch.Dispose();
    }

    private string Path(string name) => System.IO.Path.Combine(scratch.Path, name);

    private CameraStatus Status => runner!.Status;

    [Fact]
    public async Task A_video_whose_pictures_cannot_be_decoded_is_lost_with_the_reason()
    {
        Assert.SkipUnless(HasEncoder("libaom-av1") || HasEncoder("libsvtav1"), "this ffmpeg has no AV1 encoder");
        var encoder = HasEncoder("libsvtav1") ? "libsvtav1" : "libaom-av1";
        Ffmpeg($"-f lavfi -i testsrc=size=64x64:rate=5:duration=1 -c:v {encoder} {Path("av1.mp4")}");
        Start(new CameraOptions { Id = "cam-a", Uri = "file:" + Path("av1.mp4") });
        await Drain(() => Status.State == CameraState.Lost);
        Assert.Contains("av1.mp4", Status.Reason, StringComparison.Ordinal);
        Assert.Contains("convert it with ffmpeg", Status.Reason, StringComparison.Ordinal);
        Assert.True(drops[DropCause.Damaged] > 0 || Status.Grabbed == 0, "undecoded pictures are counted as damaged");
        Assert.DoesNotContain(changes, s => s.State == CameraState.Ended);
    }

    [Fact]
    public async Task A_video_that_is_cut_short_ends_with_a_remark()
    {
        var whole = Path("whole.avi");
        Ffmpeg($"-f lavfi -i testsrc=size=64x64:rate=10:duration=5 -c:v mjpeg {whole}");
        var bytes = File.ReadAllBytes(whole);
        scratch.Write("half.avi", bytes[..(bytes.Length / 2)]);
        Start(new CameraOptions { Id = "cam-a", Uri = "file:" + Path("half.avi") });
        await Drain(() => Status.State is CameraState.Ended or CameraState.Lost);
        Assert.Contains("half.avi", Status.Reason, StringComparison.Ordinal);
        Assert.Matches("truncated|could not be decoded", Status.Reason);
    }

    [Fact]
    public async Task A_folder_names_its_broken_photographs_once_and_counts_them()
    {
        Photo("a.png");
        scratch.Write("b.jpg", "no picture"u8.ToArray());
        Photo("c.png");
        Start(
            new CameraOptions
            {
                Id = "cam-a",
                Uri = "images:" + scratch.Path,
                Loop = true,
            }
        );
        await Drain(() => drops[DropCause.Damaged] >= 3);
        Assert.Contains("b.jpg", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_jpeg_is_left_out_by_name()
    {
        Photo("a.png");
        DamagedJpeg("b.jpg");
        Start(new CameraOptions { Id = "cam-a", Uri = "images:" + scratch.Path });
        await Drain(() => Status.State == CameraState.Ended);
        Assert.Contains("b.jpg' is a damaged JPEG", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(1, drops[DropCause.Damaged]);
        Assert.Contains("1 of them could not be read", Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_links_is_read_and_one_that_leads_nowhere_is_named()
    {
        using var real = new Scratch();
        using var picture = Noise();
        Cv2.ImEncode(".png", picture, out var bytes);
        var target = real.Write("photo.png", bytes);
        var folder = Directory.CreateDirectory(Path("links")).FullName;
        File.CreateSymbolicLink(folder + "/a.png", target);
        File.CreateSymbolicLink(folder + "/b.png", "a.png");
        File.CreateSymbolicLink(folder + "/c.png", "nowhere.png");
        var link = Path("folder");
        Directory.CreateSymbolicLink(link, folder);
        Start(new CameraOptions { Id = "cam-a", Uri = "images:" + link });
        await Drain(() => Status.State == CameraState.Ended);
        Assert.Equal(2, Status.Retrieved);
        Assert.Contains("c.png' does not exist", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_jpeg_that_only_lacks_its_end_marker_is_read_with_a_warning()
    {
        using var picture = Noise();
        Cv2.ImEncode(".jpg", picture, out var bytes);
        scratch.Write("a.jpg", bytes[..^2]);
        Start(new CameraOptions { Id = "cam-a", Uri = "images:" + scratch.Path });
        await Drain(() => Status.State == CameraState.Ended);
        Assert.Equal(1, Status.Retrieved);
        Assert.Contains("a.jpg' lacks its end-of-image marker", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(0, drops.Total);
    }

    [Fact]
    public async Task The_last_cause_stays_named_while_a_source_is_opened_again()
    {
        Start(
            new CameraOptions
            {
                Id = "cam-a",
                Uri = "pipe:echo 'sensor imx219 not found' >&2; exit 3",
                Width = 64,
                Height = 48,
            }
        );
        await Wait.UntilAsync(() => changes.Any(s => s.State == CameraState.Recovering), "the camera is opened again");
        foreach (var status in changes.Where(s => s.State is CameraState.Lost or CameraState.Recovering))
            Assert.Contains("imx219 not found", status.Reason, StringComparison.Ordinal);
        Assert.Contains("imx219 not found", Status.Cause, StringComparison.Ordinal);
        Assert.Contains("run the command in a shell", Status.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_that_writes_pictures_of_another_size_is_reported()
    {
        Start(
            new CameraOptions
            {
                Id = "cam-a",
                Uri = "pipe:head -c 5000 /dev/zero; sleep 600",
                Width = 64,
                Height = 48,
                OpenTimeoutS = 1,
            }
        );
        await Wait.UntilAsync(() => changes.Any(s => s.State == CameraState.Lost), "the camera is lost");
        var lost = changes.First(s => s.State == CameraState.Lost).Reason;
        Assert.Contains("no first frame within 1 s of opening (open_timeout_s)", lost, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(lost);
        Assert.Contains("5000 of 9216 bytes", lost, StringComparison.Ordinal);
    }

    [Fact]
    public void With_detect_black_off_a_black_picture_is_never_a_fault()
    {
        var options = new CameraSettings(0)
        {
            Uri = "test:",
            DetectBlack = false,
            FreezeS = 0,
        }.ToOptions();
        var health = new PictureHealth(options.FreezeS, options.BlackLevel, options.BlackS);
        using var black = new Mat(48, 64, MatType.CV_8UC3, Scalar.All(0));
        for (var second = 0; second < 100; second++)
            Assert.Equal(PictureFault.None, health.Look(black, second * 1_000_000_000L));
        var watched = new CameraSettings(0) { Uri = "test:" }.ToOptions();
        var watching = new PictureHealth(watched.FreezeS, watched.BlackLevel, watched.BlackS);
        Assert.Equal(PictureFault.None, watching.Look(black, 0));
        Assert.Equal(PictureFault.Black, watching.Look(black, 5_000_000_000));
    }

    [Theory]
    [InlineData("file:/nowhere/video.mp4", "does not exist")]
    [InlineData("images:/nowhere", "does not exist")]
    [InlineData("pipe:/nowhere/program", "not found")]
    [InlineData("rtsp://127.0.0.1:1/x", "")]
    [InlineData("http://127.0.0.1:1/stream", "cannot be reached")]
    [InlineData("v4l2:/dev/null", "cannot be opened")]
    public void The_doctor_opens_each_camera_and_fails_by_name(string uri, string finding)
    {
        var check = CameraCheck.Run(
            new CameraOptions
            {
                Id = "front",
                Uri = uri,
                Width = 64,
                Height = 48,
            }
        );
        Assert.Equal(CheckState.Failed, check.State);
        Assert.Equal("camera front", check.Name);
        Assert.Contains(finding, check.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void The_doctor_reads_a_picture_of_a_camera_that_works_and_waits_no_longer_than_it_may()
    {
        var works = CameraCheck.Run(new CameraOptions { Id = "front", Uri = "test:?w=64&h=48" });
        Assert.Equal(CheckState.Ok, works.State);
        Assert.StartsWith("64x48 synthetic", works.Finding, StringComparison.Ordinal);
        var silent = CameraCheck.Run(
            new CameraOptions
            {
                Id = "front",
                Uri = "pipe:sleep 600",
                Width = 64,
                Height = 48,
                OpenTimeoutS = 1,
            }
        );
        Assert.Equal(CheckState.Failed, silent.State);
        Assert.Contains("no picture within 1 s", silent.Finding, StringComparison.Ordinal);
    }

    private void Start(CameraOptions options)
    {
        runner = new CameraRunner(options, () => CameraSource.Create(options), pool, queue, drops, TimeProvider.System, new Random(1));
        runner.Warned += warnings.Enqueue;
        runner.Changed += changes.Enqueue;
        runner.Start();
    }

    /// <summary>Takes frames as inference would until the condition holds.</summary>
    private Task Drain(Func<bool> condition) =>
        Wait.UntilAsync(
            () =>
            {
                while (queue.TryTake(out var frame))
                    frame.Dispose();
                return condition();
            },
            "the camera comes to the state"
        );

    private void Photo(string name)
    {
        using var picture = Noise();
        Assert.True(Cv2.ImWrite(Path(name), picture), $"{name} is written");
    }

    private static Mat Noise()
    {
        var picture = new Mat(96, 128, MatType.CV_8UC3);
        new Random(1).NextBytes(picture.AsSpan<byte>());
        return picture;
    }

    /// <summary>Half of the scan's bytes are zeros: the decoder loses its place.</summary>
    private void DamagedJpeg(string name)
    {
        using var picture = Noise();
        Cv2.ImEncode(".jpg", picture, out var bytes);
        bytes.AsSpan(bytes.Length / 2, bytes.Length / 3).Clear();
        scratch.Write(name, bytes);
    }

    private static bool HasEncoder(string name) =>
        Published.HasTool("ffmpeg")
        && Published.Run("ffmpeg", ["-hide_banner", "-encoders"]).Output.Contains(name, StringComparison.Ordinal);

    private static void Ffmpeg(string arguments)
    {
        Assert.SkipUnless(Published.HasTool("ffmpeg"), "ffmpeg is not installed");
        var (exitCode, _, errors) = Published.Run("ffmpeg", $"-hide_banner -loglevel error -y {arguments}".Split(' '));
        Assert.True(exitCode == 0, errors);
    }
}
