using EdgeSeg.Capture;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;

namespace EdgeSeg.Service;

/// <summary>
/// Reports to the service manager: ready once the model is loaded, every camera has come up or is known not to, and so has the broker; then
/// a status line for people. One control thread.
/// </summary>
internal sealed class ManagerReport(ServiceNotifier notifier, FramePipeline pipeline, IServiceLink link, ServiceInfo info)
{
    private bool isReady;

    public void Report()
    {
        if (!notifier.IsActive)
            return;
        var brokerIsKnown = link.Connected || link.ConnectFailures > 0;
        if (!isReady && brokerIsKnown && pipeline.Cameras.All(c => c.Runner.Status.State != CameraState.Starting))
        {
            isReady = true;
            notifier.Ready();
        }

        var cameras = string.Join(", ", pipeline.Cameras.Select(c => $"{c.Settings.Id} {c.Runner.Status.State.ToWire()}"));
        var broker = link.Connected ? "connected" : "not connected";
        notifier.Status($"{(info.Degraded ? "degraded: " : "")}{cameras}; broker {broker}; masks {pipeline.MasksPublished}{Trigger()}");
    }

    private string Trigger()
    {
        if (!pipeline.Gpio.HasTrigger)
            return "";
        var (read, accepted, tooSoon, missed, lost) = pipeline.Gpio.Stats;
        return $"; edges {read}, accepted {accepted}, too soon {tooSoon}, missed {missed}, lost {lost}";
    }
}
