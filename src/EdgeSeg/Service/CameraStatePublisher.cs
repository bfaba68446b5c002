using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;

namespace EdgeSeg.Service;

/// <summary>Publishes each camera's retained <c>state</c> when it or its reason changes. One control thread.</summary>
internal sealed class CameraStatePublisher(IReadOnlyList<CameraPipeline> cameras, IServiceLink link, ServiceInfo info, Journal journal)
    : IDisposable
{
    private readonly JsonBuffer json = new(1024);
    private readonly Dictionary<string, (CameraState State, string Reason)> published = new(StringComparer.Ordinal);

    public void Publish()
    {
        foreach (var camera in cameras)
        {
            var id = camera.Settings.Id;
            var status = camera.Runner.Status;
            var now = (status.State, status.Reason);
            var isKnown = published.TryGetValue(id, out var last);
            if (isKnown && last == now)
                continue;
            published[id] = now;
            link.TrySetState(camera.Topics.State, CameraStateMessage.Write(json, info.Device, info.Session, id, status));
            // a fault has an alert, which is a line already
            if (AlertRules.IsFaulty(status.State) || (isKnown && last.State == status.State))
                continue;
            journal.Info($"camera {id}: {status.State.ToWire()}{(status.Reason.Length > 0 ? $" ({status.Reason})" : "")}");
        }
    }

    public void Dispose() => json.Dispose();
}
