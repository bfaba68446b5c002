using EdgeSeg.Configuration;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Service;

/// <summary>
/// Publishes the retained <c>info</c>, again when the model or a camera's live settings change, and Home Assistant's discovery. One control
/// thread.
/// </summary>
internal sealed class InfoPublisher(
    Settings settings,
    FramePipeline pipeline,
    IServiceLink link,
    Topics topics,
    ServiceInfo info,
    EngineBuild? build
) : IDisposable
{
    private readonly JsonBuffer json = new();
    private IInferenceModel? model;
    private LiveSettings[] live = [];
    private volatile bool discoveryRequested;

    public void Begin()
    {
        PublishChanges();
        if (settings.HomeAssistant.Enabled)
            PublishDiscovery();
    }

    /// <summary>Home Assistant has started: it gets the discovery message again with the next round. Any thread.</summary>
    public void RequestDiscovery() => discoveryRequested = true;

    public void PublishChanges()
    {
        LiveSettings[] now = [.. pipeline.Cameras.Select(c => c.Live)];
        if (!ReferenceEquals(model, pipeline.Model.Model) || !live.SequenceEqual(now))
        {
            (model, live) = (pipeline.Model.Model, now);
            link.TrySetState(topics.Info, InfoMessage.Write(json, Content(model.Description)));
        }

        if (!discoveryRequested)
            return;
        discoveryRequested = false;
        PublishDiscovery();
    }

    private void PublishDiscovery()
    {
        var hasTemperature = DeviceVitals.Read(settings.StateDir).Zones.Count > 0;
        link.TrySetState(
            HomeAssistantMessage.Topic(settings.HomeAssistant.Prefix, info.Device),
            HomeAssistantMessage.Write(json, topics, ProgramVersion.Text, hasTemperature, settings.HomeAssistant.HasObjectImages)
        );
    }

    private InfoContent Content(ModelDescription described) =>
        new()
        {
            Device = info.Device,
            Session = info.Session,
            Fleet = settings.Fleet,
            Tags = settings.Tags,
            Versions = SoftwareVersions.All(),
            Models =
            [
                .. described.Roles.Select(r => new InfoModel(
                    r.Role,
                    r.Info,
                    r.WeightsLicence,
                    r.GainsFromZoom && settings.Model.IsZoomOn,
                    r.AcceptsNegativeClicks
                )),
            ],
            Provider = described.Provider,
            PassedOver = build?.PassedOver is { Count: > 0 } failed ? failed : described.PassedOver,
            PrecisionReason = described.PrecisionReason,
            Cameras = [.. pipeline.Cameras.Select(Camera)],
            Commands = CameraCommand.Understood,
        };

    private static InfoCamera Camera(CameraPipeline camera) =>
        new(camera.Settings.Id, camera.Settings.Scheme, camera.Settings.Width, camera.Settings.Height, camera.Live);

    public void Dispose() => json.Dispose();
}
