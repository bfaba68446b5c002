using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Service;

public sealed class ServiceModelHostTests : IDisposable
{
    private readonly RecordingLink link = new();
    private readonly ScriptedModel first = new("1");
    private readonly FramePipeline pipeline;
    private readonly List<string?> loaded = [];
    private Func<IInferenceModel> load = () => new ScriptedModel("2");
    private int replaced;

    public ServiceModelHostTests()
    {
        var settings = new Settings();
        settings.Cameras.Add(new CameraSettings(0) { Id = "front", Uri = "test:?w=64&h=48&fps=50" });
        pipeline = new FramePipeline(
            settings,
            new PipelineParts
            {
                Model = first,
                Service = new ServiceInfo("robot-7", Samples.Session),
                Topics = new Topics("robot-7", ["front"]),
                Sink = link,
                Telemetry = new TelemetryCollector("robot-7", Samples.Session, ["front"], TimeProvider.System),
                Beat = () => { },
                ReportError = _ => { },
                ReportWarning = _ => { },
                Time = TimeProvider.System,
            }
        );
        pipeline.Start();
    }

    public void Dispose() => pipeline.Dispose();

    private ServiceModelHost Host() =>
        new(
            pipeline,
            new ModelChoice(),
            choice =>
            {
                loaded.Add(choice.Folder);
                return load();
            },
            () => replaced++,
            TimeProvider.System
        );

    [Fact]
    public async Task A_swap_replaces_the_model_between_two_frames_and_counts_its_results_anew()
    {
        await Wait.UntilAsync(() => pipeline.Quality.Stats.Results > 3, "the first model has results");
        await Host().SwapAsync("/slots/two", TestContext.Current.CancellationToken);
        Assert.Equal(["/slots/two"], loaded);
        Assert.Equal("2", pipeline.Model.Model.Info.Version);
        Assert.True(first.IsDisposed);
        Assert.Equal(1, replaced);
        Assert.Equal(1, pipeline.Model.Swaps.Count);
        await Wait.UntilAsync(
            () => link.Of("cam/front/mask").Any(m => m["model"]!["version"]!.GetValue<string>() == "2"),
            "the second one makes masks"
        );
    }

    [Fact]
    public async Task A_bundle_that_does_not_load_leaves_the_model_in_use()
    {
        load = () => throw new OperatingException("graph.onnx is damaged; copy the bundle again");
        var failure = await Assert.ThrowsAsync<UpdateException>(() =>
            Host().SwapAsync("/slots/two", TestContext.Current.CancellationToken)
        );
        Assert.Equal(UpdateReason.DoesNotLoad, failure.Reason);
        Assert.Contains("graph.onnx is damaged", failure.Message, StringComparison.Ordinal);
        Assert.Same(first, pipeline.Model.Model);
        Assert.False(first.IsDisposed);
        Assert.Equal(0, replaced);
    }
}
