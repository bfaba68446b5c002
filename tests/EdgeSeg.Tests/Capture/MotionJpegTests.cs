using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Capture;

/// <summary>Motion JPEG from a pipe and over HTTP; the server is a socket of the test's own.</summary>
public sealed class MotionJpegTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void Pictures_are_found_between_multipart_headers_and_one_with_a_thumbnail_is_whole()
    {
        var thumbnail = Jpeg(16);
        var exif = Segment(0xE1, [.. "Exif\0\0"u8, .. thumbnail]);
        var plain = Jpeg(40);
        byte[] withThumbnail = [.. plain[..2], .. exif, .. plain[2..]];
        using var bytes = new MemoryStream([
            .. "--x\r\nContent-Type: image/jpeg\r\n\r\n"u8,
            .. withThumbnail,
            .. "\r\n--x\r\n\r\n"u8,
            .. Jpeg(80),
            .. "\r\n"u8,
        ]);
        foreach (var step in (int[])[1, 7, 1 << 20])
        {
            bytes.Position = 0;
            var stream = new JpegStream(new SlowStream(bytes, step));
            Assert.Equal(40, Next(stream)?.Cols);
            Assert.Equal(80, Next(stream)?.Cols);
            Assert.Null(Next(stream));
        }
    }

    [Fact]
    public void A_stream_without_pictures_is_refused_and_a_damaged_picture_is_not_whole()
    {
        using var text = new MemoryStream(Encoding.ASCII.GetBytes(new string('x', CaptureLimits.MaxJpegHeaderBytes + 100_000)));
        Assert.Throws<OperatingException>(() => new JpegStream(text).TryReadNext());
        var damaged = Jpeg(64);
        damaged.AsSpan(damaged.Length / 2, damaged.Length / 3).Clear();
        var stream = new JpegStream(new MemoryStream(damaged));
        Assert.True(stream.TryReadNext());
        using var picture = new Mat();
        Assert.False(stream.TryDecode(picture));
    }

    [Fact]
    public void A_pipe_of_motion_jpeg_needs_no_size()
    {
        var file = scratch.Write("two.mjpeg", [.. Jpeg(64), .. Jpeg(32)]);
        using var camera = CameraSource.Create(
            new CameraOptions
            {
                Id = "a",
                Uri = $"pipe:cat {file}",
                PipeFormat = PipeFormat.Mjpeg,
            }
        );
        Assert.Equal("mjpeg", camera.Open().Coding);
        using var picture = new Mat();
        foreach (var side in (int[])[64, 32])
        {
            Assert.Equal(GrabOutcome.Ok, camera.Grab());
            Assert.True(camera.Retrieve(picture));
            Assert.Equal(side, picture.Cols);
        }

        Assert.Equal(GrabOutcome.Failed, camera.Grab());
        Assert.Contains("ended with code 0", camera.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_camera_streams_pictures_and_its_end_is_named()
    {
        var address = Serve("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n", Jpeg(64), Jpeg(64));
        using var camera = CameraSource.Create(new CameraOptions { Id = "a", Uri = address });
        camera.Open();
        using var picture = new Mat();
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(GrabOutcome.Ok, camera.Grab());
            Assert.True(camera.Retrieve(picture));
        }

        Assert.Equal(GrabOutcome.Failed, camera.Grab());
        Assert.Contains("ended the stream", camera.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "refuses the user or password (401)")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answers 404")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", "sends a web page")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n", "sends one picture")]
    public void An_answer_that_is_no_stream_is_named(string head, string expected)
    {
        using var camera = CameraSource.Create(new CameraOptions { Id = "a", Uri = Serve(head) });
        var failure = Assert.Throws<OperatingException>(() => camera.Open());
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void User_and_password_come_from_the_credentials_file()
    {
        var requests = new List<string>();
        var address = Serve("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\nContent-Length: 0\r\n\r\n", requests);
        var file = scratch.Write("cam.secret", "user:pass\n"u8.ToArray());
        using var camera = CameraSource.Create(
            new CameraOptions
            {
                Id = "a",
                Uri = address,
                CredentialsFile = file,
            }
        );
        Assert.Throws<OperatingException>(() => camera.Open());
        Assert.Contains(requests, r => r.Contains("Authorization: Basic dXNlcjpwYXNz", StringComparison.OrdinalIgnoreCase));
        Assert.Throws<OperatingException>(() => CameraUri.Parse("http://user:pass@camera/stream"));
    }

    private static Mat? Next(JpegStream stream)
    {
        if (!stream.TryReadNext())
            return null;
        var picture = new Mat();
        Assert.True(stream.TryDecode(picture), "the picture is whole");
        return picture;
    }

    private static byte[] Jpeg(int side)
    {
        using var picture = new Mat(side, side, MatType.CV_8UC3);
        new Random(side).NextBytes(picture.AsSpan<byte>());
        Cv2.ImEncode(".jpg", picture, out var bytes);
        return bytes;
    }

    private static byte[] Segment(byte marker, byte[] content) =>
        [0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2), .. content];

    private string Serve(string head, params byte[][] pictures) => Serve(head, [], pictures);

    private string Serve(string head, List<string> requests, params byte[][] pictures)
    {
        listener.Start();
        _ = Task.Run(async () =>
        {
            var buffer = new byte[4096];
            while (!stop.IsCancellationRequested)
            {
                using var client = await listener.AcceptTcpClientAsync(stop.Token);
                var stream = client.GetStream();
                var read = await stream.ReadAsync(buffer, stop.Token);
                requests.Add(Encoding.ASCII.GetString(buffer, 0, read));
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head), stop.Token);
                foreach (var picture in pictures)
                    await stream.WriteAsync((byte[])[.. "--x\r\nContent-Type: image/jpeg\r\n\r\n"u8, .. picture, .. "\r\n"u8], stop.Token);
            }
        });
        return $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/stream?key=secret";
    }

    /// <summary>Gives at most so many bytes a read, as a network does.</summary>
    private sealed class SlowStream(Stream inner, int step) : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, step));
    }
}
