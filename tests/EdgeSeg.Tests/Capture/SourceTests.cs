using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Capture;

public sealed class SourceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-sources-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_video_is_read_to_its_end_and_over_again_when_it_loops()
    {
        var path = Video(10);
        using (var once = Camera("file:" + path))
        {
            var format = once.Open();
            Assert.Equal(
                (64, 48, 25.0, "MJPG", "file", false),
                (format.Width, format.Height, format.Fps, format.Coding, format.TimeSource, format.IsLive)
            );
            Assert.Equal(Enumerable.Range(0, 10).Select(i => 10 * i), Brightness(once, 20));
        }

        using var looped = CameraSource.Create(
            new CameraOptions
            {
                Id = "a",
                Uri = "file:" + path,
                Loop = true,
                Realtime = true,
            }
        );
        Assert.Equal((true, 25.0), (looped.Open() is var granted ? granted.IsLive : false, granted.PaceFps));
        Assert.Equal(Enumerable.Range(0, 25).Select(i => 10 * (i % 10)), Brightness(looped, 25));
        Assert.True(looped.PositionMs > 0);
    }

    [Fact]
    public void What_cannot_be_opened_is_reported_with_a_remedy()
    {
        AssertRefused("file:/no/such/video.mp4", "check the camera's path");
        AssertRefused("v4l2:/dev/no-such-camera", "plug it in");
        AssertRefused("images:/no/such/folder", "check the camera's path");
        AssertRefused("images:" + folder, "put some into it");
        var text = Path.Combine(folder, "text.mp4");
        File.WriteAllText(text, "not a video");
        AssertRefused("file:" + text, "convert it");
    }

    [Fact]
    public void A_folder_is_read_in_order_and_unreadable_pictures_are_skipped_and_counted()
    {
        foreach (var (name, value) in (ReadOnlySpan<(string, int)>)[("b.png", 20), ("a.png", 10), ("d.PNG", 40)])
        {
            using var picture = new Mat(20, 30, MatType.CV_8UC3, Scalar.All(value));
            Cv2.ImEncode(".png", picture, out var bytes);
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        }

        File.WriteAllText(Path.Combine(folder, "c.jpg"), "damaged");
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "no picture");
        using (var once = new ImageFolderCamera(folder, 0, false))
        {
            Assert.False(once.Open().IsLive);
            Assert.Equal([10, 20, 40], Brightness(once, 10));
            Assert.Equal(1, once.Skipped);
        }

        using var looped = new ImageFolderCamera(folder, 5, true);
        Assert.Equal((true, 5.0), (looped.Open().IsLive, 5.0));
        Assert.Equal([10, 20, 40, 10, 20], Brightness(looped, 5));
    }

    [Fact]
    public void A_folder_without_one_readable_picture_fails_and_says_so()
    {
        File.WriteAllText(Path.Combine(folder, "c.jpg"), "damaged");
        using var camera = new ImageFolderCamera(folder, 0, true);
        camera.Open();
        Assert.Equal(GrabOutcome.Failed, camera.Grab());
        Assert.Contains("none of the 1 photographs", camera.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_synthetic_scene_is_the_same_for_a_seed_and_its_mask_covers_the_bright_disc()
    {
        var scene = new TestScene(160, 120, 0, 7, 250);
        using var a = new TestCamera(scene);
        using var b = new TestCamera(scene);
        a.Open();
        b.Open();
        using Mat first = new(),
            second = new(),
            before = new();
        var mask = new BinaryMask();
        for (var i = 0; i < 250; i++)
        {
            Assert.Equal((GrabOutcome.Ok, GrabOutcome.Ok), (a.Grab(), b.Grab()));
            a.Retrieve(first);
            b.Retrieve(second);
            Assert.True(first.AsSpan<byte>().SequenceEqual(second.AsSpan<byte>()));
            if (i > 0)
                Assert.False(first.AsSpan<byte>().SequenceEqual(before.AsSpan<byte>()), $"frame {i} stands still");
            first.CopyTo(before);
            a.MaskOf(i, mask);
            for (var y = 0; y < 120; y++)
            {
                for (var x = 0; x < 160; x++)
                    Assert.Equal(mask[x, y], first.At<Vec3b>(y, x).Item2 > 150);
            }
        }

        Assert.Equal(GrabOutcome.End, a.Grab());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(90, false)]
    [InlineData(180, false)]
    [InlineData(270, false)]
    [InlineData(0, true)]
    [InlineData(90, true)]
    [InlineData(180, true)]
    [InlineData(270, true)]
    public void Points_follow_their_pixels_through_rotation_and_crop(int rotate, bool isCropped)
    {
        using var picture = new Mat(48, 64, MatType.CV_8UC3);
        for (var y = 0; y < 48; y++)
        {
            for (var x = 0; x < 64; x++)
                picture.Set(y, x, new Vec3b((byte)x, (byte)y, 200));
        }

        using var geometry = new FrameGeometry(64, 48, rotate, isCropped ? new Crop(5, 9, 30, 22) : null);
        using var frame = new Mat();
        geometry.Apply(picture, frame);
        Assert.Equal((geometry.Crop.Width, geometry.Crop.Height), (frame.Cols, frame.Rows));
        int rows = frame.Rows,
            cols = frame.Cols;
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < cols; x++)
            {
                var at = geometry.ToSource(new Click(x + 0.5f, y + 0.5f));
                var pixel = frame.At<Vec3b>(y, x);
                Assert.Equal((pixel.Item0 + 0.5f, pixel.Item1 + 0.5f), (at.X, at.Y));
            }
        }
    }

    [Theory]
    [InlineData(90, 0, 0, 49, 20)]
    [InlineData(0, -1, 0, 20, 20)]
    [InlineData(0, 60, 0, 20, 20)]
    [InlineData(0, 0, 0, 8, 20)]
    [InlineData(0, int.MaxValue, 0, 20, 20)]
    public void A_crop_outside_of_the_rotated_picture_is_refused(int rotate, int x, int y, int width, int height) =>
        Assert.Throws<OperatingException>(() => new FrameGeometry(64, 48, rotate, new Crop(x, y, width, height)));

    [Theory]
    [InlineData("v4l2:/dev/video0", "V4l2", "/dev/video0")]
    [InlineData("v4l2:/dev/v4l/by-id/usb-Maker_Cam-video-index0", "V4l2", "/dev/v4l/by-id/usb-Maker_Cam-video-index0")]
    [InlineData("rtsp://10.0.0.7:554/h264", "Rtsp", "rtsp://10.0.0.7:554/h264")]
    [InlineData("rtsps://cam.local/x?channel=1", "Rtsp", "rtsps://cam.local/x?channel=1")]
    [InlineData("file:a b.mp4", "File", "a b.mp4")]
    [InlineData("images:/srv/p", "Images", "/srv/p")]
    [InlineData("pipe:gst-launch-1.0 -q x ! fdsink", "Pipe", "gst-launch-1.0 -q x ! fdsink")]
    [InlineData("test:", "Test", "")]
    public void Addresses_are_understood(string text, string kind, string target)
    {
        var uri = CameraUri.Parse(text);
        Assert.Equal((kind, target), (uri.Kind.ToString(), uri.Target));
    }

    [Fact]
    public void The_scene_takes_options() =>
        Assert.Equal(new TestScene(640, 480, 12.5, 9, 100), CameraUri.Parse("test:?w=640&h=480&fps=12.5&seed=9&frames=100").Scene);

    [Theory]
    [InlineData("/dev/video0", "v4l2:/dev/video0")]
    [InlineData("v4l2:0", "v4l2:/dev/video0")]
    [InlineData("ftp://x/y", "rtsp://")]
    [InlineData("rtsp:nohost", "rtsp://host")]
    [InlineData("rtsp://h/'x", "percent")]
    [InlineData("file:", "file:/")]
    [InlineData("test:?w=8", "from 16")]
    [InlineData("test:?w=NaN", "from 16")]
    [InlineData("test:?size=8", "known are")]
    [InlineData("", "v4l2:/dev/video0")]
    public void Wrong_addresses_are_refused_with_a_remedy(string text, string remedy)
    {
        var e = Assert.Throws<OperatingException>(() => CameraUri.Parse(text));
        Assert.Equal(2, e.ExitCode);
        Assert.Contains(remedy, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_in_an_address_is_refused_and_not_repeated()
    {
        var e = Assert.Throws<OperatingException>(() => CameraUri.Parse("rtsp://robot:hunter2@cam/x"));
        Assert.Contains("credentials_file", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_timestamp_is_used_only_shortly_before_arrival()
    {
        var utc = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var driver = FrameStamp.Of("driver", 5_000, 5_020_000_000, utc, utc);
        Assert.Equal(("driver", 5_000_000_000L, utc.AddMilliseconds(-20)), (driver.TimeSource, driver.Ns, driver.Utc));
        Assert.Equal("arrival", FrameStamp.Of("driver", 5_021, 5_020_000_000, utc, utc).TimeSource);
        Assert.Equal("arrival", FrameStamp.Of("driver", 5_000, 8_000_000_000, utc, utc).TimeSource);
        Assert.Equal("arrival", FrameStamp.Of("driver", 0, 1_000_000, utc, utc).TimeSource);
        var file = FrameStamp.Of("file", 400, 9_000_000_000, utc.AddSeconds(60), utc);
        Assert.Equal(("file", 9_000_000_000L, utc.AddMilliseconds(400)), (file.TimeSource, file.Ns, file.Utc));
    }

    private static ICamera Camera(string uri) => CameraSource.Create(new CameraOptions { Id = "a", Uri = uri });

    private static void AssertRefused(string uri, string remedy)
    {
        using var camera = Camera(uri);
        Assert.Contains(remedy, Assert.Throws<OperatingException>(() => camera.Open()).Message, StringComparison.Ordinal);
    }

    /// <summary>Frame i is grey of brightness 10 i.</summary>
    private string Video(int frames)
    {
        var path = Path.Combine(folder, "video.avi");
        using var writer = new VideoWriter(path, FourCC.MJPG, 25, new Size(64, 48));
        Assert.True(writer.IsOpened());
        for (var i = 0; i < frames; i++)
        {
            using var picture = new Mat(48, 64, MatType.CV_8UC3, Scalar.All(10 * i));
            writer.Write(picture);
        }

        return path;
    }

    private static List<int> Brightness(ICamera camera, int most)
    {
        List<int> values = [];
        using var picture = new Mat();
        while (values.Count < most && camera.Grab() == GrabOutcome.Ok)
        {
            Assert.True(camera.Retrieve(picture));
            values.Add((int)Math.Round(picture.At<Vec3b>(10, 10).Item1 / 10.0) * 10);
        }

        return values;
    }
}
