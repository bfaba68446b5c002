using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Telemetry;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Service;

public sealed class AlertPublisherTests : IDisposable
{
    private static readonly Topics topics = new("robot-7", ["front"]);
    private readonly RecordingLink link = new();
    private readonly StringWriter journal = new();
    private readonly AlertPublisher alerts;

    public AlertPublisherTests() =>
        alerts = new AlertPublisher(
            topics,
            Samples.Session,
            AlertRules.Ids(topics),
            link,
            new Journal(LogLevel.Info, TimeProvider.System, journal),
            new FakeTimeProvider(Samples.Utc)
        );

    public void Dispose()
    {
        alerts.Dispose();
        journal.Dispose();
    }

    private string Published => link.States[topics.Alert("camera-front")];

    private int Lines => journal.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    [Fact]
    public void An_alert_is_published_once_while_it_lasts_and_cleared_when_it_ends()
    {
        for (var i = 0; i < 3; i++)
            alerts.Publish([Samples.Alert with { Text = $"no frame for {i} s" }]);
        Assert.Contains("no frame for 0 s", Published, StringComparison.Ordinal);
        Assert.Equal(1, Lines);
        alerts.Publish([Samples.Alert with { Code = "camera_black" }]);
        Assert.Contains("camera_black", Published, StringComparison.Ordinal);
        alerts.Publish([]);
        Assert.Equal("", Published);
        Assert.Equal(3, Lines);
    }

    [Fact]
    public void Another_cause_of_the_same_alert_is_published_too()
    {
        alerts.Publish([Samples.Alert with { Text = "lost: not found", Cause = "not found" }]);
        alerts.Publish([Samples.Alert with { Text = "lost: refused", Cause = "refused" }]);
        Assert.Contains("lost: refused", Published, StringComparison.Ordinal);
        Assert.Contains("lost: refused", journal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_earlier_session_left_is_cleared_at_the_start()
    {
        alerts.Publish([Samples.Alert]);
        Assert.Equal(
            ["broker-refused", "clock-unset", "disk-low", "duplicate-id", "samples-failed", "settings-refused", "throttled"],
            link.States.Where(s => s.Value.Length == 0).Select(s => s.Key.Split('/')[^1]).Order()
        );
        Assert.NotEqual("", Published);
    }

    [Theory]
    [InlineData(CameraState.Lost, "camera_lost")]
    [InlineData(CameraState.Recovering, "camera_lost")]
    [InlineData(CameraState.Stalled, "camera_stalled")]
    [InlineData(CameraState.Frozen, "camera_frozen")]
    [InlineData(CameraState.Black, "camera_black")]
    [InlineData(CameraState.Hung, "camera_hung")]
    [InlineData(CameraState.Streaming, null)]
    [InlineData(CameraState.Starting, null)]
    [InlineData(CameraState.Ended, null)]
    internal void A_camera_without_a_usable_picture_raises_an_alert(CameraState state, string? code)
    {
        var lasting = AlertRules.Lasting([("front", Samples.Camera(state))], new AlertInputs("robot-7", Samples.SilentBoard, false, true));
        Assert.Equal(code, lasting.SingleOrDefault()?.Code);
        Assert.All(lasting, a => Assert.True(a.Degrades, $"{a.Code} degrades the service"));
    }

    [Fact]
    public void Faults_of_the_device_raise_alerts_and_past_ones_do_not()
    {
        var past = Samples.Board with { Throttling = new([], [Sensors.UnderVoltage]) };
        Assert.Empty(AlertRules.Lasting([], new AlertInputs("robot-7", past, false, true)));
        var now = Samples.Board with { DiskFreeBytes = 100 << 20 };
        var lasting = AlertRules.Lasting([], new AlertInputs("robot-7", now, true, false, "no such file", null, "disk full"));
        Assert.Equal(
            ["throttled", "disk_low", "duplicate_id", "clock_unset", "settings_refused", "samples_failed"],
            lasting.Select(a => a.Code)
        );
        Assert.Equal(["throttled", "duplicate_id"], lasting.Where(a => a.Degrades).Select(a => a.Code));
        Assert.Contains("no such file", lasting[^2].Text, StringComparison.Ordinal);
        Assert.Contains("disk full", lasting[^1].Text, StringComparison.Ordinal);
    }
}
