using System.Text;
using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// Rotated, cropped and partly used cameras of odd sizes, and pictures that show nothing, with the published service and a made model that
/// segments what is red: the mask with zoom-in is that of the drawn object, whatever way the picture took.
/// </summary>
public sealed class PlacedCameraTests : IAsyncLifetime
{
    private const string Root = ServiceOnBroker.Root;
    private const int Width = 701,
        Height = 499;
    private static readonly Rect cut = new(33, 205, 301, 333);

    private ServiceOnBroker service = null!;

    public async ValueTask InitializeAsync()
    {
        service = await ServiceOnBroker.CreateAsync();
        OnnxGraph.Bundle(OnnxGraph.RedSqueezeSam(64).ToBytes(), Path.Combine(service.Scratch.Path, "model"));
        using var picture = new Mat(Height, Width, MatType.CV_8UC3, new Scalar(90, 110, 100));
        Draw(picture, new Scalar(30, 40, 220));
        Cv2.ImEncode(".png", picture, out var bytes);
        service.Scratch.Write("shapes/one.png", bytes);
        service.Start(
            $"""
            [model]
            dir = "{service.Scratch.Path}/model"
            {Replay("plain", "")}
            {Replay("turned", "rotate = 90")}
            {Replay("cut", $"rotate = 270\ncrop = [{cut.X}, {cut.Y}, {cut.Width}, {cut.Height}]")}
            {Replay("part", "roi = [250, 90, 200, 150]")}
            {Live("frozen", @"tr '\0' Z")}
            {Live("black", "cat")}
            """
        );
        foreach (var camera in new[] { "plain", "turned", "cut", "part" })
            await service.Listener.UntilAsync($"camera {camera}", h => h.Topic == $"{Root}cam/{camera}/state");
    }

    public ValueTask DisposeAsync() => service?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task The_mask_of_a_zoomed_prompt_lies_on_the_object_of_a_rotated_or_cropped_picture()
    {
        foreach (var camera in new[] { "plain", "turned", "cut" })
        {
            using var drawn = new Mat(Height, Width, MatType.CV_8UC1, Scalar.All(0));
            Draw(drawn, Scalar.All(255));
            using var expected = Seen(camera, drawn);
            var (_, inside) = Expected(expected);
            foreach (
                var (word, prompt) in new[] { ("click", $"\"points\":[{inside.Point}]"), ("box", $"\"box\":{inside.Box}"), ("auto", "") }
            )
                AssertIsObject(await Ask(camera, word, prompt), expected, $"{camera} {word}");
        }

        using var whole = new Mat(Height, Width, MatType.CV_8UC1, Scalar.All(0));
        Draw(whole, Scalar.All(255));
        AssertIsObject(await Ask("part", "auto", ""), whole, "part auto");
    }

    [Theory]
    [InlineData("black", "picture_black")]
    [InlineData("frozen", "picture_frozen")]
    public async Task A_picture_that_shows_nothing_of_now_is_not_segmented_unasked(string camera, string reason)
    {
        await service.Listener.UntilAsync(
            $"the reason {reason}",
            h =>
                h.Topic == $"{Root}cam/{camera}/mask"
                && h.Text.Contains($"\"found\":false,\"reason\":\"{reason}\"", StringComparison.Ordinal)
        );
        await service.Listener.UntilAsync("the camera's state", h => h.Topic == $"{Root}cam/{camera}/state" && h.State == camera);
    }

    /// <summary>An L of unequal arms: no rotation and no mirror image of it covers it.</summary>
    private static void Draw(Mat to, Scalar colour)
    {
        Cv2.Rectangle(to, new Rect(300, 110, 31, 91), colour, -1);
        Cv2.Rectangle(to, new Rect(331, 171, 57, 30), colour, -1);
    }

    private static Mat Seen(string camera, Mat drawn)
    {
        var seen = new Mat();
        if (camera == "turned")
            Cv2.Rotate(drawn, seen, RotateFlags.Rotate90Clockwise);
        else if (camera == "cut")
        {
            using var turned = new Mat();
            Cv2.Rotate(drawn, turned, RotateFlags.Rotate90Counterclockwise);
            turned[cut].CopyTo(seen);
        }
        else
            drawn.CopyTo(seen);
        return seen;
    }

    /// <summary>The object's pixels, and a prompt inside of them.</summary>
    private static (BinaryMask Mask, (string Point, string Box) Prompt) Expected(Mat drawn)
    {
        var mask = new BinaryMask();
        MaskMat.FromMat(drawn, mask);
        using var depth = new Mat();
        Cv2.DistanceTransform(drawn, depth, DistanceTypes.L2, DistanceTransformMasks.Mask5);
        Cv2.MinMaxLoc(depth, out _, out _, out _, out var deepest);
        var g = mask.Measure();
        return (mask, ($"[{deepest.X},{deepest.Y}]", $"[{g.Left},{g.Top},{g.Left + g.Width},{g.Top + g.Height}]"));
    }

    private static void AssertIsObject(JsonElement message, Mat drawn, string what)
    {
        Assert.True(message.GetProperty("found").GetBoolean(), $"{what}: {message.GetProperty("reason")}");
        Assert.True(message.GetProperty("zoom").GetBoolean(), $"{what} was not zoomed");
        Assert.Equal([drawn.Cols, drawn.Rows], message.GetProperty("image").EnumerateArray().Select(v => v.GetInt32()));
        var made = new BinaryMask();
        var counts = message.GetProperty("mask").GetProperty("counts").GetString()!;
        Assert.True(new RunLength().TryDecode(counts, drawn.Cols, drawn.Rows, made, out var problem), problem);
        var iou = BinaryMask.Iou(Expected(drawn).Mask, made);
        Assert.True(iou > 0.9, $"{what}: IoU {iou:0.000} with the drawn object");
    }

    /// <summary>The mask message that answers a command.</summary>
    private async Task<JsonElement> Ask(string camera, string word, string prompt)
    {
        var id = $"{camera}-{word}";
        var body = $$"""{"v":1,"id":"{{id}}"{{(prompt.Length > 0 ? "," + prompt : "")}}}""";
        return (await service.AskAsync(word, body, id, camera)).GetProperty("result");
    }

    private string Replay(string id, string more) =>
        $"""
            [[camera]]
            id = "{id}"
            uri = "images:{service.Scratch.Path}/shapes"
            loop = true
            fps = 10
            mode = "on_command"
            {more}
            """;

    /// <summary>A camera whose frames are all the same, zeros as <paramref name="filter"/> leaves them.</summary>
    private string Live(string id, string filter)
    {
        var script = service.Scratch.Write(
            id + ".sh",
            Encoding.UTF8.GetBytes($"while head -c {160 * 120 * 3} /dev/zero | {filter}; do sleep 0.1; done\n")
        );
        return $"""
            [[camera]]
            id = "{id}"
            uri = "pipe:sh {script}"
            pipe_width = 160
            pipe_height = 120
            max_fps = 5
            freeze_s = 1
            """;
    }
}
