using System.Text;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Service;

public sealed class AlertsTests : IDisposable
{
    private static readonly Topics topics = new("robot-7", ["front"]);
    private readonly List<(string Topic, string Text)> told = [];
    private readonly StringWriter journal = new();
    private readonly AlertPublisher alerts;

    public AlertsTests() =>
        alerts = new AlertPublisher(
            topics,
            Samples.Session,
            AlertRules.Ids(["front"]),
            (topic, payload) => told.Add((topic, Encoding.UTF8.GetString(payload))),
            new Journal(LogLevel.Info, TimeProvider.System, journal),
            new FakeTimeProvider(Samples.Utc)
        );

    public void Dispose()
    {
        alerts.Dispose();
        journal.Dispose();
    }

    [Fact]
    public void An_alert_is_told_once_while_it_lasts_and_cleared_when_it_ends()
    {
        alerts.Tell([]);
        told.Clear();
        for (var i = 0; i < 3; i++)
            alerts.Tell([Samples.Alert with { Text = $"no frame for {i} s" }]);
        Assert.Equal(
            (topics.Alert("camera-front"), true),
            (Assert.Single(told).Topic, told[0].Text.Contains("\"code\":\"camera_lost\"", StringComparison.Ordinal))
        );
        alerts.Tell([Samples.Alert with { Code = "camera_black" }]);
        Assert.Contains("camera_black", told[1].Text, StringComparison.Ordinal);
        alerts.Tell([]);
        alerts.Tell([]);
        Assert.Equal((topics.Alert("camera-front"), ""), told[2]);
        Assert.Equal(3, told.Count);
    }

    [Fact]
    public void What_an_earlier_session_left_is_cleared_at_the_start()
    {
        alerts.Tell([Samples.Alert]);
        Assert.Equal(["edgeseg/v1/robot-7/alert/camera-front"], told.Where(t => t.Text.Length > 0).Select(t => t.Topic));
        Assert.Equal(
            ["clock-unset", "disk-low", "duplicate-id", "throttled"],
            told.Where(t => t.Text.Length == 0).Select(t => t.Topic.Split('/')[^1]).Order()
        );
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
    internal void A_camera_that_sees_nothing_raises_an_alert(CameraState state, string? code)
    {
        var lasting = AlertRules.Lasting(
            [("front", Samples.Camera(state))],
            Samples.SilentBoard,
            "robot-7",
            duplicateId: false,
            clockSynced: true
        );
        Assert.Equal(code, lasting.SingleOrDefault()?.Code);
        Assert.All(lasting, a => Assert.True(a.Degrades));
    }

    [Fact]
    public void What_is_wrong_with_the_device_raises_alerts_and_what_is_well_none()
    {
        Assert.Empty(
            AlertRules.Lasting(
                [],
                Samples.Board with
                {
                    Throttling = new([], [Sensors.UnderVoltage]),
                },
                "robot-7",
                duplicateId: false,
                clockSynced: true
            )
        );
        var lasting = AlertRules.Lasting(
            [],
            Samples.Board with
            {
                DiskFreeBytes = 100 << 20,
            },
            "robot-7",
            duplicateId: true,
            clockSynced: false
        );
        Assert.Equal(["throttled", "disk_low", "duplicate_id", "clock_unset"], lasting.Select(a => a.Code));
        Assert.Equal(["throttled", "duplicate_id"], lasting.Where(a => a.Degrades).Select(a => a.Code));
    }
}
