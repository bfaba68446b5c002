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
    private readonly OtlpMetrics? otlp;
    private long publishedAt;

    public TelemetryPublisher(
        Settings settings,
        TelemetryCollector collector,
        FramePipeline pipeline,
        IServiceLink link,
        Topics topics,
        ServiceInfo info,
        TimeProvider time
    )
    {
        (this.collector, this.pipeline, this.link, this.topics, this.info, this.time) = (collector, pipeline, link, topics, info, time);
        (intervalS, stateDir) = (settings.Telemetry.IntervalS, settings.StateDir);
        Board = DeviceVitals.Read(stateDir);
        publishedAt = time.GetTimestamp();
        if (settings.Telemetry.OtlpEndpoint is { Length: > 0 } endpoint)
            otlp = new OtlpMetrics(endpoint, info.Device, info.Session, ProgramVersion.Text, intervalS);
    }

    /// <summary>The board's figures as they were last read.</summary>
    public DeviceVitals Board { get; private set; }

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

        var taken = collector.Take(link.Figures, Board, pipeline.Model.Swaps, info.ClockSynced);
        link.TryPublish(topics.Telemetry, TelemetryMessage.Write(json, taken), MqttLink.Json, ServiceLimits.TelemetryExpiryS);
        otlp?.Tell(taken);
    }

    public void Dispose()
    {
        otlp?.Dispose();
        json.Dispose();
    }
}
