using System.Text.Json;
using EdgeSeg.Mqtt;
using EdgeSeg.Sampling;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// Frames kept for labelling: the published service with a real mosquitto, killed in between, and the verb that reads them.
/// </summary>
public sealed class KeptSamplesTests : IAsyncLifetime
{
    private const string Root = ServiceOnBroker.Root;

    private ServiceOnBroker service = null!;

    public async ValueTask InitializeAsync() => service = await ServiceOnBroker.CreateAsync("#");

    public ValueTask DisposeAsync() => service?.DisposeAsync() ?? ValueTask.CompletedTask;

    private Listener Listener => service.Listener;

    [Fact]
    public async Task Hard_frames_are_kept_survive_a_kill_and_leave_the_device_only_when_asked()
    {
        Start("labels/robot-7");
        await Wait.UntilAsync(() => Kept("low_score") >= 2, "frames of a low score are kept");
        await service.KillAsync();
        var before = Store.Measure().LastNumber;
        File.WriteAllText(Path.Combine(Store.Folder, "000000099999-front.jpg"), "cut off");
        Listener.Forget();
        Start("labels/robot-7");
        await Wait.UntilAsync(() => Store.Measure().LastNumber > before, "keeping goes on");
        Assert.False(File.Exists(Path.Combine(Store.Folder, "000000099999-front.jpg")), "what the kill left is removed");
        await CorrectAsync();
        await Wait.UntilAsync(() => Kept("correction") == 1, "the corrected mask is kept");
        await Listener.UntilAsync(
            "counts",
            h => h.Topic == Root + "telemetry" && h.Text.Contains("\"samples\":{", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(Listener.All, h => h.Topic.StartsWith("labels", StringComparison.Ordinal));
        var counts = await service.AskAsync("samples", """{"id":"c"}""", "c");
        Assert.True(counts.GetProperty("result").GetProperty("kept").GetInt32() >= 3);
        Assert.DoesNotContain(Listener.All, h => h.Topic.StartsWith("labels", StringComparison.Ordinal));
        var sent = await service.AskAsync("samples", """{"id":"u","upload":true}""", "u");
        Assert.Equal("labels/robot-7", sent.GetProperty("result").GetProperty("topic").GetString());
        await Listener.UntilAsync("the picture", h => h.Topic == "labels/robot-7");
        Assert.Single(Listener.All, h => h.Topic == "labels/robot-7");
        await service.KillAsync();
        Export();
    }

    [Fact]
    public async Task Without_a_topic_no_picture_leaves_and_without_the_section_none_is_kept()
    {
        Start("");
        await Wait.UntilAsync(() => Store.Measure().Count > 0, "a frame is kept");
        var refused = await service.AskAsync("samples", """{"id":"u","upload":true}""", "u");
        Assert.Contains("samples.upload names no topic", refused.GetProperty("error").GetProperty("message").GetString());
        await service.KillAsync();

        var purge = Published.Run(Published.Binary, ["samples", "purge", "--config", service.Config]);
        Assert.Equal(0, purge.ExitCode);
        Assert.Equal(0, Store.Measure().Count);
        Listener.Forget();
        Start(null);
        await Listener.UntilAsync("a mask", h => h.Topic == Root + "cam/front/mask" && h.Text.Length > 0);
        var answer = await service.AskAsync("samples", """{"id":"o"}""", "o");
        Assert.Contains("samples.enabled = true", answer.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(0, Store.Measure().Count);
    }

    /// <summary>The exported set is read as pycocotools would, and as <c>eval</c> does.</summary>
    private void Export()
    {
        var list = Published.Run(Published.Binary, ["samples", "list", "--config", service.Config]);
        Assert.True(list.ExitCode == 0, list.Errors);
        Assert.Contains("correction", list.Output);
        var folder = Path.Combine(service.Scratch.Path, "export");
        var export = Published.Run(
            Published.Binary,
            ["samples", "export", "--format", "coco", "--out", folder, "--config", service.Config]
        );
        Assert.True(export.ExitCode == 0, export.Errors);
        using var coco = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "annotations.json")));
        var images = coco.RootElement.GetProperty("images").EnumerateArray().ToList();
        Assert.Equal(Store.Measure().Count, images.Count);
        var runLength = new RunLength();
        foreach (var annotation in coco.RootElement.GetProperty("annotations").EnumerateArray())
        {
            var image = images.Single(i => i.GetProperty("id").GetInt32() == annotation.GetProperty("image_id").GetInt32());
            using var picture = Cv2.ImRead(Path.Combine(folder, "images", image.GetProperty("file_name").GetString()!));
            Assert.Equal((image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32()), (picture.Cols, picture.Rows));
            var mask = new BinaryMask();
            var counts = annotation.GetProperty("segmentation").GetProperty("counts").GetString()!;
            Assert.True(runLength.TryDecode(counts, picture.Cols, picture.Rows, mask, out var problem), problem);
            Assert.Equal(annotation.GetProperty("area").GetInt32(), mask.Area());
        }

        Assert.Contains(
            "is not empty",
            Published.Run(Published.Binary, ["samples", "export", "--out", folder, "--config", service.Config]).Errors
        );
    }

    private async Task CorrectAsync()
    {
        await Listener.UntilAsync("a mask", h => h.Topic == Root + "cam/front/mask" && h.Text.Length > 0);
        using var seen = JsonDocument.Parse(Listener.All.Last(h => h.Topic == Root + "cam/front/mask").Text);
        var at = seen.RootElement.GetProperty("centroid");
        var first = await service.AskAsync(
            "click",
            $$"""{"id":"a","frame":"{{seen.RootElement.GetProperty("frame")}}","points":[[{{at[0]}},{{at[1]}}]]}""",
            "a"
        );
        var mask = first.GetProperty("result");
        await service.AskAsync("click", $$"""{"id":"b","refines":"{{mask.GetProperty("id")}}","points":[[{{at[0]}},{{at[1]}}]]}""", "b");
    }

    private SampleStore Store => new(SampleStore.FolderOf(Path.Combine(service.Scratch.Path, "state")));

    private int Kept(string reason) => Store.List(out _).Count(s => s.Sample.Reason.ToWire() == reason);

    /// <param name="upload">Topic of pictures; null: without the section.</param>
    private void Start(string? upload)
    {
        var samples = upload is null
            ? ""
            : $"""
                [samples]
                enabled = true
                low_score = 1
                min_gap_s = 0
                upload = "{upload}"
                """;
        service.Start(
            $"""
            [telemetry]
            interval_s = 1
            {samples}
            [[camera]]
            id = "front"
            uri = "test:?w=320&h=240&fps=5"
            max_fps = 2
            """,
            $"state_dir = \"{service.Scratch.Path}/state\""
        );
    }
}
