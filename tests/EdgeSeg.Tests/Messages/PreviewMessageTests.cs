using System.Text.Json.Nodes;
using EdgeSeg.Capture;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Messages;

public sealed class PreviewMessageTests : IDisposable
{
    private static readonly AsyncApi api = AsyncApi.Load();
    private readonly PreviewEncoder encoder = new();
    private readonly Mat noise = new(480, 640, MatType.CV_8UC3);

    public PreviewMessageTests()
    {
        Cv2.SetTheRNG(1);
        Cv2.Randu(noise, Scalar.All(0), Scalar.All(256));
    }

    public void Dispose()
    {
        encoder.Dispose();
        noise.Dispose();
    }

    [Fact]
    public void The_properties_name_the_frame_and_the_size_that_clicks_are_given_in()
    {
        using var pool = new FramePool(1);
        pool.TryTake(out var frame);
        using (frame)
        {
            frame!.Pixels.Create(480, 640, MatType.CV_8UC3);
            (frame.Camera, frame.Sequence, frame.CapturedUtc) = ("front", 12, Samples.Utc);
            var properties = PreviewMessage.Properties(Samples.Session, frame).ToDictionary();
            Assert.Equal(("640", "480", Samples.Session + "-front-12"), (properties["width"], properties["height"], properties["frame"]));
            var json = new JsonObject(properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
            Assert.Empty(api.Errors("PreviewProperties", json.ToJsonString()));
        }
    }

    [Theory]
    [InlineData(320, 320, 240)]
    [InlineData(1920, 640, 480)]
    public void A_picture_is_shrunk_to_the_width_asked_for_and_never_enlarged(int asked, int width, int height)
    {
        var quality = 80;
        Assert.True(encoder.TryEncode(noise, asked, ref quality, 1 << 20, out var jpeg));
        using var back = Cv2.ImDecode(jpeg, ImreadModes.Color);
        Assert.Equal((width, height, 80), (back.Cols, back.Rows, quality));
    }

    [Fact]
    public void The_quality_is_lowered_until_the_picture_fits()
    {
        var quality = 95;
        Assert.True(encoder.TryEncode(noise, 640, ref quality, MessageLimits.MaxMessageBytes, out var jpeg));
        Assert.InRange(jpeg.Length, 1, MessageLimits.MaxMessageBytes);
        Assert.InRange(quality, MessageLimits.MinJpegQuality, 94);
    }

    [Fact]
    public void A_picture_that_cannot_fit_is_not_made()
    {
        var quality = 90;
        Assert.False(encoder.TryEncode(noise, 640, ref quality, 5000, out var jpeg));
        Assert.Empty(jpeg);
        Assert.Equal(MessageLimits.MinJpegQuality, quality);
    }
}
