using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EdgeSeg.Telemetry;

/// <summary>
/// The telemetry as OpenTelemetry metrics, sent to a collector over OTLP (HTTP, protobuf) by the ecosystem's exporter on a thread of its own.
/// A collector that is away costs the figures of that time and nothing else. Gauges are those of the last interval; names begin with <c>edgeseg.</c>.
/// </summary>
internal sealed class OtlpMetrics : IDisposable
{
    private readonly Meter meter = new("edgeseg");
    private readonly MeterProvider provider;
    private readonly Counter<long> drops;
    private volatile TelemetryInfo? last;

    /// <param name="endpoint">A collector's address; without a path, OTLP's own (<c>/v1/metrics</c>).</param>
    /// <param name="device">Device id.</param>
    /// <param name="session">Of this run.</param>
    /// <param name="version">Of the service.</param>
    /// <param name="intervalS">Between exports.</param>
    public OtlpMetrics(string endpoint, string device, string session, string version, double intervalS)
    {
        drops = meter.CreateCounter<long>("edgeseg.drops", description: "Frames and masks dropped, by cause");
        Gauge("edgeseg.frames.in", "1/s", Cameras(static c => c.FpsIn));
        Gauge("edgeseg.frames.out", "1/s", Cameras(static c => c.FpsOut));
        Gauge("edgeseg.stage.duration", "ms", Stages);
        Gauge(
            "edgeseg.temperature",
            "Cel",
            facts => facts.Board.Zones.Select(z => new Measurement<double>(z.DegreesC, new KeyValuePair<string, object?>("zone", z.Zone)))
        );
        Gauge(
            "edgeseg.power",
            "W",
            facts => facts.Board.Rails.Select(r => new Measurement<double>(r.Watts, new KeyValuePair<string, object?>("rail", r.Rail)))
        );
        Gauge(
            "edgeseg.throttled",
            null,
            facts => facts.Board.Throttling is { } t ? [new Measurement<double>(t.Now.Count > 0 ? 1 : 0)] : []
        );
        Gauge("edgeseg.process.memory", "By", facts => facts.Process.RssBytes is { } rss ? [new Measurement<double>(rss)] : []);
        Gauge("edgeseg.process.cpu", "%", facts => [new Measurement<double>(facts.Process.CpuPercent)]);
        Gauge("edgeseg.disk.free", "By", facts => facts.Board.DiskFreeBytes is { } free ? [new Measurement<double>(free)] : []);
        provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r =>
                r.AddAttributes([
                    new("service.name", "edgeseg"),
                    new("service.instance.id", device),
                    new("service.version", version),
                    new("edgeseg.session", session),
                ])
            )
            .AddMeter(meter.Name)
            .AddOtlpExporter(
                (exporter, reader) =>
                {
                    exporter.Endpoint = Address(endpoint);
                    exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                    exporter.TimeoutMilliseconds = TelemetryLimits.OtlpTimeoutMs;
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)(intervalS * 1000);
                    reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = TelemetryLimits.OtlpTimeoutMs;
                }
            )
            .Build();
    }

    /// <summary>Takes an interval's figures; sent with the next export.</summary>
    public void Tell(TelemetryInfo facts)
    {
        foreach (var camera in facts.Cameras)
        {
            foreach (var (cause, count) in camera.Drops)
                drops.Add(count, new("camera", camera.Id), new("cause", cause));
        }

        last = facts;
    }

    public void Dispose()
    {
        provider.Shutdown(TelemetryLimits.OtlpStopMs);
        provider.Dispose();
        meter.Dispose();
    }

    internal static Uri Address(string endpoint)
    {
        var address = new Uri(endpoint);
        return address.AbsolutePath == "/" ? new Uri(address, "/v1/metrics") : address;
    }

    private void Gauge(string name, string? unit, Func<TelemetryInfo, IEnumerable<Measurement<double>>> read) =>
        meter.CreateObservableGauge(name, () => last is { } facts ? read(facts) : [], unit);

    private static Func<TelemetryInfo, IEnumerable<Measurement<double>>> Cameras(Func<CameraTelemetry, double> figure) =>
        facts => facts.Cameras.Select(c => new Measurement<double>(figure(c), new KeyValuePair<string, object?>("camera", c.Id)));

    private static IEnumerable<Measurement<double>> Stages(TelemetryInfo facts)
    {
        foreach (var camera in facts.Cameras)
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
