using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Service;

/// <summary>
/// Publishes the alerts that last and the device's status that follows from them, and sets the fault output. One control thread.
/// </summary>
internal sealed class AlertAndStatusPublisher(
    FramePipeline pipeline,
    IServiceLink link,
    ServiceInfo info,
    AlertPublisher alerts,
    TelemetryPublisher telemetry,
    EngineBuild? build
)
{
    private string[] reasons = [];
    private volatile string? settingsRefused;

    /// <summary>Why newer settings were refused; null: they were not. Any thread.</summary>
    public string? SettingsRefused
    {
        get => settingsRefused;
        set => settingsRefused = value;
    }

    public void Publish()
    {
        var cameras = pipeline.Cameras.Select(c => (c.Settings.Id, c.Runner.Status));
        var device = new AlertInputs(
            info.Device,
            telemetry.Board,
            link.DuplicateId,
            info.ClockSynced,
            settingsRefused,
            link.Refusals,
            pipeline.Samples?.Fault
        );
        var lasting = AlertRules.Lasting(cameras, device);
        alerts.Publish(lasting);
        telemetry.Alerts = [.. lasting.Select(a => a.Code)];
        string[] now =
        [
            .. lasting.Where(a => a.Degrades).Select(a => a.Camera is null ? a.Code : $"{a.Code}:{a.Camera}"),
            .. pipeline.Gpio.Faults,
            .. build?.Reason is { } building ? [building] : Array.Empty<string>(),
        ];
        if (now.SequenceEqual(reasons))
            return;
        reasons = now;
        info.Degraded = now.Length > 0;
        pipeline.Gpio.Fault(info.Degraded);
        link.SetStatus(info.Degraded ? ServiceState.Degraded : ServiceState.Online, now);
    }
}
