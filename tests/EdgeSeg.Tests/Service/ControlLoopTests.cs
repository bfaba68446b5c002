using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Service;

/// <summary>The control loop on a pipeline with a scripted model and a recording link; each tick is the test's.</summary>
public sealed class ControlLoopTests : IDisposable
{
    private readonly FakeTimeProvider time = new(Samples.Utc);
    private readonly Settings settings = new() { Device = "robot-7" };
    private readonly RecordingLink link = new();
    private readonly ScriptedModel model = new();
    private readonly StringWriter lines = new();
    private readonly Topics topics = new("robot-7", ["front"]);
    private readonly ServiceInfo info = new("robot-7", Samples.Session);
    private readonly List<IDisposable> owned = [];
    private FramePipeline pipeline = null!;
    private readonly PrometheusMetrics metrics = new();
    private int beats;
    private bool hasSubscriber;

    public void Dispose()
    {
        pipeline.Dispose();
        foreach (var part in owned)
            part.Dispose();
        lines.Dispose();
    }

    [Fact]
    public void Each_tick_beats_and_the_first_one_publishes_info_state_and_status()
    {
        var control = Build("test:?frames=1");
        control.Begin();
        var published = Json(topics.Info);
        Assert.Equal("scripted", published["models"]![0]!["name"]!.GetValue<string>());
        Assert.Contains("edgeseg_info{", Encoding.UTF8.GetString(metrics.Text), StringComparison.Ordinal);
        Assert.Equal("continuous", published["cameras"]![0]!["mode"]!.GetValue<string>());
        Assert.Null(control.Tick());
        Assert.Equal(1, beats);
        Assert.Equal("starting", Json(topics.Camera("front").State)["state"]!.GetValue<string>());
    }

    [Fact]
    public void Retained_info_follows_live_settings_and_a_new_model()
    {
        var control = Build("test:?frames=1");
        control.Begin();
        pipeline.Cameras[0].Change(pipeline.Cameras[0].Live with { Mode = CameraMode.OnCommand });
        control.Tick();
        Assert.Equal("on_command", Json(topics.Info)["cameras"]![0]!["mode"]!.GetValue<string>());
        pipeline.Model.Offer(new ScriptedModel("2"));
        pipeline.Model.TakeOffer();
        control.Tick();
        Assert.Equal("2", Json(topics.Info)["models"]![0]!["version"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_lost_camera_raises_an_alert_with_its_cause_and_degrades_the_service()
    {
        var control = Build("file:/nowhere/video.mp4");
        hasSubscriber = true;
        pipeline.Start();
        await Wait.UntilAsync(() => Tick(control) && link.Status.State == ServiceState.Degraded, "the service is degraded");
        control.Tick();
        Assert.Contains("camera_lost:front", link.Status.Reasons);
        var alert = Json(topics.Alert("camera-front"));
        Assert.Equal("camera_lost", alert["code"]!.GetValue<string>());
        Assert.Contains("'/nowhere/video.mp4' does not exist", alert["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("check the video file", alert["remedy"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("does not exist", Json(topics.Camera("front").State)["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("does not exist", lines.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_every_source_has_ended_the_loop_ends_with_success()
    {
        var control = Build("test:?w=64&h=48&fps=0&frames=3");
        pipeline.Start();
        await Wait.UntilAsync(() => control.Tick() == ExitCode.Ok, "the loop ends");
        Assert.Equal(3, pipeline.MasksPublished);
    }

    [Fact]
    public void Refused_settings_are_an_alert_until_others_are_accepted()
    {
        var control = Build("test:?frames=1");
        control.SettingsRefused = "mqtt.password_file: no such file";
        control.Tick();
        var alert = Json(topics.Alert("settings-refused"));
        Assert.Equal("settings_refused", alert["code"]!.GetValue<string>());
        Assert.Contains("no such file", alert["text"]!.GetValue<string>(), StringComparison.Ordinal);
        control.SettingsRefused = null;
        control.Tick();
        Assert.Equal("", link.States[topics.Alert("settings-refused")]);
    }

    [Fact]
    public void Telemetry_is_published_once_in_its_interval()
    {
        settings.Telemetry.IntervalS = 10;
        var control = Build("test:?frames=1");
        for (var second = 0; second < 25; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            control.Tick();
        }

        Assert.Equal(2, link.Of("/telemetry").Count);
    }

    [Fact]
    public async Task A_replay_waits_for_a_subscriber_and_starts_without_one_after_the_grace_time()
    {
        var control = Build("images:/nowhere");
        pipeline.Start();
        control.Tick();
        Assert.Equal(CameraState.Starting, pipeline.Cameras[0].Runner.Status.State);
        time.Advance(TimeSpan.FromMilliseconds(ServiceLimits.ReplayGraceMs));
        control.Tick();
        await Wait.UntilAsync(
            () => pipeline.Cameras[0].Runner.Status.State == CameraState.Lost,
            "the camera was started and found no folder"
        );
    }

    [Fact]
    public async Task A_replay_starts_at_once_for_a_subscriber()
    {
        var control = Build("images:/nowhere");
        pipeline.Start();
        hasSubscriber = true;
        control.Tick();
        await Wait.UntilAsync(
            () => pipeline.Cameras[0].Runner.Status.State == CameraState.Lost,
            "the camera was started and found no folder"
        );
    }

    private static bool Tick(ControlLoop control)
    {
        control.Tick();
        return true;
    }

    private JsonNode Json(string topic) => JsonNode.Parse(Encoding.UTF8.GetBytes(link.States[topic]))!;

    private ControlLoop Build(string uri)
    {
        settings.Cameras.Add(new CameraSettings(0) { Id = "front", Uri = uri });
        var collector = new TelemetryCollector("robot-7", Samples.Session, ["front"], time);
        var journal = new Journal(LogLevel.Info, TimeProvider.System, TextWriter.Synchronized(lines));
        pipeline = new FramePipeline(
            settings,
            new PipelineParts
            {
                Model = model,
                Service = info,
                Topics = topics,
                Sink = link,
                Telemetry = collector,
                Beat = () => { },
                ReportError = journal.Error,
                ReportWarning = journal.Warning,
                Time = time,
            }
        );
        var telemetry = new TelemetryPublisher(settings, collector, pipeline, link, topics, info, time, _ => { }, metrics);
        var announcements = new InfoPublisher(settings, pipeline, link, topics, info, build: null);
        var states = new CameraStatePublisher(pipeline.Cameras, link, info, journal);
        var alerts = new AlertPublisher(topics, info.Session, AlertRules.Ids(topics), link, journal, time);
        var notifier = new ServiceNotifier(null, null, time);
        owned.AddRange([telemetry, announcements, states, alerts, notifier]);
        return new ControlLoop(
            pipeline,
            info,
            announcements,
            states,
            new AlertAndStatusPublisher(pipeline, link, info, alerts, telemetry, build: null),
            telemetry,
            new ManagerReport(notifier, pipeline, link, info),
            new ReplayStart(pipeline, () => hasSubscriber, waits: false, time),
            () => beats++,
            journal,
            time
        );
    }
}
