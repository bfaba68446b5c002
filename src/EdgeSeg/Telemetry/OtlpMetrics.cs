using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EdgeSeg.Telemetry;

/// <summary>
/// The telemetry as OpenTelemetry metrics, sent to a collector over OTLP (HTTP, protobuf) on a thread of its own. While the collector
/// cannot be reached, values are lost; the service is not affected. Gauges are of the last interval; names begin with <c>edgeseg.</c>.
/// </summary>
internal sealed class OtlpMetrics : IDisposable
{
    private readonly Meter meter = new("edgeseg");
    private readonly MeterProvider provider;
    private readonly Counter<long> drops;
    private volatile TelemetryInfo? last;
    private volatile ServiceMetrics? service;

    /// <param name="endpoint">Base address of the collector; <c>/v1/metrics</c> is appended.</param>
    /// <param name="device">Device id.</param>
    /// <param name="session">Of this run.</param>
    /// <param name="version">Of the service.</param>
    /// <param name="fleet">Empty: none.</param>
    /// <param name="intervalS">Between exports.</param>
    /// <param name="report">Gets a line when exports begin to fail and when they succeed again.</param>
    /// <param name="access">Authorities and credentials; null: the system's, and none.</param>
    public OtlpMetrics(
        string endpoint,
        string device,
        string session,
        string version,
        string fleet,
        double intervalS,
        Action<string> report,
        CollectorAccess? access = null
    )
    {
        var address = Address(endpoint);
        drops = meter.CreateCounter<long>("edgeseg.drops", description: "Frames and masks dropped, by cause");
        Gauge("edgeseg.frames.in", "1/s", Cameras(static c => c.FpsIn));
        Gauge("edgeseg.frames.out", "1/s", Cameras(static c => c.FpsOut));
        Gauge("edgeseg.stage.duration", "ms", Stages);
        Gauge(
            "edgeseg.temperature",
            "Cel",
            info => info.Board.Zones.Select(z => new Measurement<double>(z.DegreesC, new KeyValuePair<string, object?>("zone", z.Zone)))
        );
        Gauge(
            "edgeseg.power",
            "W",
            info => info.Board.Rails.Select(r => new Measurement<double>(r.Watts, new KeyValuePair<string, object?>("rail", r.Rail)))
        );
        Gauge("edgeseg.throttled", null, info => info.Board.Throttling is { } t ? [new Measurement<double>(t.Now.Count > 0 ? 1 : 0)] : []);
        Gauge("edgeseg.process.memory", "By", info => info.Process.RssBytes is { } rss ? [new Measurement<double>(rss)] : []);
        Gauge("edgeseg.process.cpu", "%", info => [new Measurement<double>(info.Process.CpuPercent)]);
        Gauge("edgeseg.disk.free", "By", info => info.Board.DiskFreeBytes is { } free ? [new Measurement<double>(free)] : []);
        AddService();
        provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r =>
                r.AddAttributes([
                    new("service.name", "edgeseg"),
                    new("service.instance.id", device),
                    new("service.version", version),
                    new("edgeseg.session", session),
                    new("edgeseg.fleet", fleet),
                ])
            )
            .AddMeter(meter.Name)
            .AddOtlpExporter(
                (exporter, reader) =>
                {
                    exporter.Endpoint = address;
                    exporter.HttpClientFactory = () =>
                        new HttpClient(new ExportReporter(address, access ?? new CollectorAccess(), TimeProvider.System, report))
                        {
                            Timeout = TimeSpan.FromMilliseconds(TelemetryLimits.OtlpTimeoutMs),
                        };
                    exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                    exporter.TimeoutMilliseconds = TelemetryLimits.OtlpTimeoutMs;
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)(intervalS * 1000);
                    reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = TelemetryLimits.OtlpTimeoutMs;
                }
            )
            .Build();
    }

    /// <summary>Sets the values of an interval; they are sent with the next export.</summary>
    public void Update(TelemetryInfo info, ServiceMetrics now)
    {
        foreach (var camera in info.Cameras)
        {
            foreach (var (cause, count) in camera.Drops)
                drops.Add(count, new("camera", camera.Id), new("cause", cause));
        }

        service = now;
        last = info;
    }

    public void Dispose()
    {
        provider.Shutdown(TelemetryLimits.OtlpStopMs);
        provider.Dispose();
        meter.Dispose();
    }

    /// <summary>The metrics path below a base endpoint, as OTLP defines it; an endpoint that has it already stays.</summary>
    internal static Uri Address(string endpoint)
    {
        const string path = "/v1/metrics";
        var address = new Uri(endpoint);
        var given = address.AbsolutePath.TrimEnd('/');
        return given.EndsWith(path, StringComparison.Ordinal) ? address : new UriBuilder(address) { Path = given + path }.Uri;
    }

    /// <summary>Status, alerts, link, update and mask values.</summary>
    private void AddService()
    {
        Gauge("edgeseg.link.sent", "{message}", info => [new Measurement<double>(info.Link.Sent)]);
        Gauge("edgeseg.link.waiting", "{message}", info => [new Measurement<double>(info.Link.Waiting)]);
        Gauge("edgeseg.link.reconnects", null, info => [new Measurement<double>(info.Link.Reconnects)]);
        Gauge("edgeseg.link.dropped", "{message}", info => [new Measurement<double>(info.Link.Drops.Total)]);
        Gauge("edgeseg.samples.kept", null, Samples(s => s.Kept));
        Gauge("edgeseg.samples.size", "By", Samples(s => s.Bytes));
        Gauge("edgeseg.samples.written", null, Samples(s => s.Written));
        Gauge("edgeseg.samples.left_out", null, Samples(s => s.OverLimit + s.Dropped + s.Failed));
        Gauge("edgeseg.model.swaps", null, info => [new Measurement<double>(info.Swaps.Count)]);
        State("edgeseg.degraded", s => [new Measurement<double>(s.Degraded ? 1 : 0)]);
        State("edgeseg.link.connected", s => [new Measurement<double>(s.Connected ? 1 : 0)]);
        State(
            "edgeseg.alerts",
            s => s.Alerts.GroupBy(a => a).Select(g => new Measurement<double>(g.Count(), new KeyValuePair<string, object?>("code", g.Key)))
        );
        State(
            "edgeseg.model.update",
            s =>
                s.Update is { } u
                    ? [new Measurement<double>(1, new("state", u.State), new("version", u.VersionText), new("reason", u.Reason ?? ""))]
                    : []
        );
        State("edgeseg.model.update_failed", s => s.Update is { } u ? [new Measurement<double>(u.HasFailed ? 1 : 0)] : []);
        State("edgeseg.masks.found_ratio", s => Quality(s, q => q.FoundRate));
        State("edgeseg.masks.predicted_iou", s => Quality(s, q => q.PredictedIou));
        State("edgeseg.masks.area_ratio", s => Quality(s, q => q.Area));

        void State(string name, Func<ServiceMetrics, IEnumerable<Measurement<double>>> read) =>
            meter.CreateObservableGauge(name, () => service is { } now ? read(now) : []);

        static Func<TelemetryInfo, IEnumerable<Measurement<double>>> Samples(Func<SampleStats, double> figure) =>
            info => info.Samples is { } s ? [new Measurement<double>(figure(s))] : [];

        static IEnumerable<Measurement<double>> Quality(ServiceMetrics s, Func<LiveStats, double> value) =>
            s.Quality.Results == 0 ? [] : [new Measurement<double>(value(s.Quality))];
    }

    private void Gauge(string name, string? unit, Func<TelemetryInfo, IEnumerable<Measurement<double>>> read) =>
        meter.CreateObservableGauge(name, () => last is { } info ? read(info) : [], unit);

    private static Func<TelemetryInfo, IEnumerable<Measurement<double>>> Cameras(Func<CameraTelemetry, double> figure) =>
        info => info.Cameras.Select(c => new Measurement<double>(figure(c), new KeyValuePair<string, object?>("camera", c.Id)));

    private static IEnumerable<Measurement<double>> Stages(TelemetryInfo info)
    {
        foreach (var camera in info.Cameras)
        {
            foreach (var (stage, f) in camera.Stages)
            {
                yield return Of(f.P50Ms, "p50");
                yield return Of(f.P95Ms, "p95");
                yield return Of(f.P99Ms, "p99");
                yield return Of(f.MaxMs, "max");

                Measurement<double> Of(double ms, string quantile) =>
                    new(ms, new("camera", camera.Id), new("stage", stage), new("quantile", quantile));
            }
        }
    }
}
