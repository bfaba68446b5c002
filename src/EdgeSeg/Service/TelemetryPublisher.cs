using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Service;

/// <summary>
/// Publishes the figures of an interval, and passes them on to an OpenTelemetry collector where one is configured. One control thread.
/// </summary>
internal sealed class TelemetryPublisher : IDisposable
{
    private readonly JsonBuffer json = new();
    private readonly TelemetryCollector collector;
    private readonly FramePipeline pipeline;
    private readonly IServiceLink link;
    private readonly Topics topics;
    private readonly ServiceInfo info;
    private readonly TimeProvider time;
    private readonly double intervalS;
    private readonly string stateDir;
    private readonly string fleet;
    private readonly OtlpMetrics? otlp;
    private readonly PrometheusMetrics? prometheus;
    private long publishedAt;

    public TelemetryPublisher(
        Settings settings,
        TelemetryCollector collector,
        FramePipeline pipeline,
        IServiceLink link,
        Topics topics,
        ServiceInfo info,
        TimeProvider time,
        Action<string> report,
        PrometheusMetrics? prometheus = null
    )
    {
        (this.collector, this.pipeline, this.link, this.topics, this.info, this.time) = (collector, pipeline, link, topics, info, time);
        this.prometheus = prometheus;
        (intervalS, stateDir) = (settings.Telemetry.IntervalS, settings.StateDir);
        Board = DeviceVitals.Read(stateDir);
        publishedAt = time.GetTimestamp();
        fleet = settings.Fleet;
        if (settings.Telemetry.OtlpEndpoint is { Length: > 0 } endpoint)
            otlp = new OtlpMetrics(
                endpoint,
                info.Device,
                info.Session,
                ProgramVersion.Text,
                fleet,
                intervalS,
                report,
                CollectorServer.Access(settings.Telemetry)
            );
    }

    /// <summary>The board's figures as they were last read.</summary>
    public DeviceVitals Board { get; private set; }

    /// <summary>Where the model updates are; set before the control thread starts.</summary>
    public Func<UpdateStats?> Updates { get; set; } = () => null;

    /// <summary>Codes of the lasting alerts; set by the control thread.</summary>
    public IReadOnlyList<string> Alerts { get; set; } = [];

    /// <summary>Before anything is counted: a scraper that comes before the end of the first interval gets figures, all zero.</summary>
    public void Begin()
    {
        if (prometheus is not null)
            prometheus.Update(Take(), Service());
    }

    public void PublishWhenDue()
    {
        if (time.GetElapsedTime(publishedAt).TotalSeconds < intervalS)
            return;
        publishedAt = time.GetTimestamp();
        Board = DeviceVitals.Read(stateDir);
        foreach (var camera in pipeline.Cameras)
        {
            var status = camera.Runner.Status;
            camera.Stats.SetSource(status.Grabbed, status.Reconnects, camera.SlotsTaken);
        }

        var taken = Take();
        link.TryPublish(topics.Telemetry, TelemetryMessage.Write(json, taken), MqttLink.Json, ServiceLimits.TelemetryExpiryS);
        var service = Service();
        otlp?.Update(taken, service);
        prometheus?.Update(taken, service);
    }

    private TelemetryInfo Take() =>
        collector.Take(link.Stats, Board, pipeline.Model.Swaps, info.ClockSynced) with
        {
            Samples = pipeline.Samples?.Stats,
        };

    private ServiceMetrics Service()
    {
        var model = pipeline.Model.Model.Info;
        return new ServiceMetrics(
            fleet,
            ProgramVersion.Text,
            model.Name,
            model.Version,
            info.Degraded,
            link.Connected,
            Alerts,
            pipeline.Quality.Stats,
            Updates()
        );
    }

    public void Dispose()
    {
        otlp?.Dispose();
        json.Dispose();
    }
}
