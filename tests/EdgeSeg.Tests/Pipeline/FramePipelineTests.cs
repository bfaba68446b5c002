using System.Text;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Pipeline;

/// <summary>The pipeline with its threads, on the synthetic camera and a scripted model.</summary>
public sealed class FramePipelineTests : IDisposable
{
    private readonly Settings settings = new();
    private readonly RecordingLink link = new();
    private readonly ScriptedModel model = new();
    private readonly List<string> errors = [];
    private FramePipeline? pipeline;

    public void Dispose()
    {
        pipeline?.Dispose();
        Assert.True(pipeline is null || model.IsDisposed, "the model is disposed with the pipeline");
        Assert.All(pipeline?.Cameras ?? [], c => Assert.Equal(0, c.SlotsTaken));
    }

    [Fact]
    public async Task Every_frame_of_a_source_that_waits_gets_its_mask_in_order()
    {
        Start("test:?w=64&h=48&fps=0&frames=25");
        await Wait.UntilAsync(() => link.Of("cam/front/mask").Count == 25, "25 masks are published");
        await Wait.UntilAsync(() => pipeline!.Cameras[0].Runner.Status.State == CameraState.Ended, "the camera has ended");
        var sequences = link.Of("cam/front/mask")
            .Select(m => m["frame"]!.GetValue<string>())
            .Select(f => int.Parse(f[(f.LastIndexOf('-') + 1)..]));
        Assert.Equal(Enumerable.Range(1, 25), sequences);
        Assert.Equal(25, pipeline!.MasksPublished);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_stage_that_throws_goes_on_with_the_next_frame_and_the_drop_is_counted()
    {
        var runs = 0;
        model.Script.OnRun = () =>
        {
            if (++runs <= 2)
                throw new InvalidOperationException("broken");
        };
        Start("test:?w=64&h=48&fps=0&frames=10");
        await Wait.UntilAsync(() => link.Of("cam/front/mask").Count == 8, "8 masks are published");
        Assert.Equal(2, pipeline!.Cameras[0].Stats.Drops[DropCause.Failed]);
        Assert.Equal(2, errors.Count);
    }

    [Fact]
    public async Task A_command_is_answered_while_frames_come()
    {
        Start("test:?w=64&h=48&fps=50");
        await Wait.UntilAsync(() => link.Of("cam/front/mask").Count > 0, "a mask is published");
        var frame = link.Of("cam/front/mask")[0]["frame"]!.GetValue<string>();
        var body = Encoding.UTF8.GetBytes($$"""{"v":1,"id":"a","frame":"{{frame}}","points":[[20,20]]}""");
        pipeline!.Commands.Receive(new IncomingMessage("edgeseg/v1/robot-7/cam/front/cmd/click", body, false, false, "clients/a", null, 0));
        await Wait.UntilAsync(() => link.Of("clients/a").Count == 2, "the click is answered");
        Assert.Equal(frame, link.Of("clients/a")[1]["result"]!["frame"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_model_that_is_offered_takes_over_between_two_frames()
    {
        Start("test:?w=64&h=48&fps=100");
        var next = new ScriptedModel("2");
        await Wait.UntilAsync(() => link.Of("cam/front/mask").Count > 0, "a mask is published");
        pipeline!.Model.Offer(next);
        pipeline.Wake();
        await Wait.UntilAsync(() => ReferenceEquals(pipeline.Model.Model, next), "the model is taken over");
        await Wait.UntilAsync(() => next.Script.Runs > 0, "it runs");
        Assert.True(model.IsDisposed);
        Assert.Equal(1, pipeline.Model.Swaps.Count);
    }

    [Fact]
    public async Task At_the_end_open_commands_are_answered()
    {
        Start("pipe:sleep 600");
        pipeline!.Commands.Receive(
            new IncomingMessage(
                "edgeseg/v1/robot-7/cam/front/cmd/auto",
                "{\"v\":1,\"id\":\"a\"}"u8.ToArray(),
                false,
                false,
                "clients/a",
                null,
                0
            )
        );
        await Wait.UntilAsync(() => pipeline.Cameras[0].Waiting.Count == 1, "the command waits for a frame");
        pipeline.Dispose();
        var last = link.Of("clients/a")[^1];
        Assert.Equal("internal", last["error"]!["code"]!.GetValue<string>());
        Assert.Contains("stopping", last["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        pipeline = null;
    }

    private void Start(string uri)
    {
        settings.Cameras.Add(
            new CameraSettings(0)
            {
                Id = "front",
                Uri = uri,
                PipeWidth = 64,
                PipeHeight = 48,
            }
        );
        var topics = new Topics("robot-7", ["front"]);
        pipeline = new FramePipeline(
            settings,
            new PipelineParts
            {
                Model = model,
                Service = new ServiceInfo("robot-7", Samples.Session),
                Topics = topics,
                Sink = link,
                Telemetry = new TelemetryCollector("robot-7", Samples.Session, ["front"], TimeProvider.System),
                Beat = () => { },
                ReportError = errors.Add,
                ReportWarning = errors.Add,
                Time = TimeProvider.System,
            }
        );
        pipeline.Start();
    }
}
