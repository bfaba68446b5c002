using System.Buffers.Binary;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Cli;

/// <summary>Videos that are shorter than their container states, and the order of a folder's frames.</summary>
public sealed class VideoFramesTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(100, 0)]
    [InlineData(50, 50)]
    public void An_avi_that_is_cut_short_is_refused_after_its_last_frame(int percent, int missing)
    {
        var clip = Clip(40);
        var bytes = File.ReadAllBytes(clip);
        File.WriteAllBytes(clip, bytes[..(bytes.Length * percent / 100)]);
        using var video = new VideoFrames(clip);
        var frames = Drain(video);
        if (missing == 0)
        {
            Assert.Equal(40, frames);
            video.CheckWhole();
            return;
        }
        Assert.InRange(frames, 1, 30);
        var message = Assert.Throws<OperatingException>(video.CheckWhole).Message;
        Assert.Contains("is truncated", message);
        Assert.Contains($"{frames} frames could be read of 40", message);
    }

    [Fact]
    public void A_video_most_of_whose_frames_are_damaged_is_refused()
    {
        Assert.SkipUnless(Published.HasTool("ffmpeg"), "ffmpeg is not installed");
        var clip = Path.Combine(scratch.Path, "clip.mp4");
        string[] arguments = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=10:duration=4", "-movflags", "faststart"];
        var (code, _, errors) = Published.Run("ffmpeg", [.. arguments, "-c:v", "mpeg4", clip]);
        Assert.True(code == 0, errors);
        var bytes = File.ReadAllBytes(clip);
        bytes.AsSpan(bytes.Length * 3 / 10).Clear();
        File.WriteAllBytes(clip, bytes);
        using var video = new VideoFrames(clip);
        var frames = Drain(video);
        Assert.Contains($"states 40 frames, {frames} could be read", Assert.Throws<OperatingException>(video.CheckWhole).Message);
    }

    [Fact]
    public void Bytes_that_a_container_states_and_the_file_lacks_are_counted()
    {
        byte[] box = [0, 0, 0, 16, .. "ftypisom"u8, 0, 0, 0, 0],
            padding = new byte[84];
        Assert.Equal(0, Missing([.. box, .. Big(8 + 84), .. "mdat"u8, .. padding]));
        Assert.Equal(416, Missing([.. box, .. Big(508), .. "mdat"u8, .. padding]));
        Assert.Equal(416, Missing([.. box, .. Big(1), .. "mdat"u8, .. Big(0), .. Big(516), .. padding]));
        // to the end of the file; and what a phone appends
        Assert.Equal(0, Missing([.. box, .. Big(0), .. "mdat"u8, .. padding]));
        Assert.Equal(0, Missing([.. box, .. Big(8), .. "mdat"u8, .. "trailer of a phone"u8, .. padding]));

        byte[] ebml = [0x1A, 0x45, 0xDF, 0xA3, 0x84, 1, 2, 3, 4, 0x18, 0x53, 0x80, 0x67];
        Assert.Equal(0, Missing([.. ebml, 0x80 | 84, .. padding]));
        Assert.Equal(416, Missing([.. ebml, 0x41, 0xF4, .. padding]));
        Assert.Equal(0, Missing([.. ebml, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. padding]));

        Assert.Equal(0, Missing([.. "RIFF"u8, 88, 0, 0, 0, .. "AVI "u8, .. padding]));
        Assert.Equal(416, Missing([.. "RIFF"u8, 0xF8, 1, 0, 0, .. "AVI "u8, .. padding]));
        Assert.Equal(0, Missing([.. "RIFF"u8, 0, 0, 0, 0, .. "AVI "u8, .. padding]));
        Assert.Equal(0, Missing([1, 2, 3]));
    }

    /// <summary>The second input is a sound track that lasts longer; the filter leaves out frames, so that the rate varies.</summary>
    [Theory]
    [InlineData("mp4", "-c:v mpeg4")]
    [InlineData("mov", "-c:v mjpeg -pix_fmt yuvj420p")]
    [InlineData("mkv", "-c:v mpeg4")]
    [InlineData("webm", "-c:v libvpx -c:a libvorbis")]
    [InlineData("avi", "-c:v mjpeg -pix_fmt yuvj420p")]
    public void Good_videos_of_every_kind_are_whole(string kind, string codec)
    {
        Assert.SkipUnless(Published.HasTool("ffmpeg"), "ffmpeg is not installed");
        foreach (var more in new[] { "", "-f lavfi -i sine=duration=3", "-vf select=not(mod(n\\,3))+lt(n\\,6) -vsync vfr" })
        {
            var path = Path.Combine(scratch.Path, $"clip{more.Length}.{kind}");
            var arguments = $"-v error -f lavfi -i testsrc2=size=96x64:rate=10:duration=2 {more} {codec} {path}";
            var (code, _, errors) = Published.Run("ffmpeg", arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            Assert.True(code == 0, errors);
            using var video = new VideoFrames(path);
            Assert.InRange(Drain(video), more.Contains("vfr", StringComparison.Ordinal) ? 10 : 19, 21);
            video.CheckWhole();
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..^400]);
            Assert.Contains("truncated", Assert.Throws<OperatingException>(Whole).Message);

            void Whole()
            {
                using var truncated = new VideoFrames(path);
                Drain(truncated);
                truncated.CheckWhole();
            }
        }
    }

    [Fact]
    public void Frames_of_a_folder_are_in_natural_order_and_other_files_are_left_out()
    {
        for (var i = 1; i <= 12; i++)
        {
            using var picture = new Mat(40, 60, MatType.CV_8UC3, Scalar.All(10 * i));
            Cv2.ImWrite(Path.Combine(scratch.Path, $"frame{i}.png"), picture);
        }

        foreach (var name in new[] { ".DS_Store", "Thumbs.db", "notes.txt", "._frame1.png" })
            scratch.Write(name, "abcdefgh"u8.ToArray());
        using var video = new VideoFrames(scratch.Path);
        var shades = new List<int>();
        while (video.Read() is { } frame)
        {
            using (frame)
                shades.Add(frame.At<Vec3b>(0, 0).Item0 / 10);
        }

        Assert.Equal(Enumerable.Range(1, 12), shades);
        video.CheckWhole();
    }

    [Theory]
    [InlineData("nofile.mp4", null, "does not exist")]
    [InlineData("caf\uFFFD.mp4", null, "is not valid UTF-8")]
    [InlineData("x.flv", "FLV\u0001", "with ffmpeg")]
    [InlineData("x.gif", "GIF89a", "with ffmpeg")]
    [InlineData("x.jpg", "abc", "no video is named")]
    public void It_is_said_why_there_is_no_video_to_choose_frames_of(string name, string? content, string reason)
    {
        if (content is not null)
            scratch.Write(name, System.Text.Encoding.ASCII.GetBytes(content));
        Assert.Contains(reason, VideoFrames.WhyNone([Path.Combine(scratch.Path, name)]));
    }

    [Theory]
    [InlineData("list")]
    [InlineData("purge")]
    [InlineData("export")]
    public void Samples_of_a_folder_that_is_not_there_are_an_error(string verb)
    {
        var typo = Path.Combine(scratch.Path, "typo");
        string[] result = verb == "export" ? ["--out", Path.Combine(scratch.Path, "out")] : [];
        var (code, _, errors) = Published.Run(Published.Binary, ["samples", verb, "--state-dir", typo, .. result]);
        Assert.Equal(2, code);
        Assert.Contains($"{typo} does not exist", errors);
    }

    [Fact]
    public void A_pipe_or_a_device_is_refused_instead_of_waited_for()
    {
        var pipe = Path.Combine(scratch.Path, "pipe");
        Assert.Equal(0, Published.Run("mkfifo", [pipe]).ExitCode);
        foreach (var path in new[] { pipe, "/dev/zero" })
            Assert.Contains("is empty or not a plain file", Assert.Throws<OperatingException>(() => new VideoFrames(path)).Message);
    }

    private static byte[] Big(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static long Missing(byte[] content) => VideoContainer.MissingBytes(new MemoryStream(content));

    private static int Drain(VideoFrames video)
    {
        var count = 0;
        while (video.Read() is { } frame)
        {
            frame.Dispose();
            count++;
        }
        return count;
    }

    private string Clip(int frames)
    {
        var path = Path.Combine(scratch.Path, "clip.avi");
        using var avi = new MjpegAvi(path, 10);
        for (var i = 0; i < frames; i++)
        {
            using var picture = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(5 * i));
            avi.Add(picture);
        }
        return path;
    }
}
