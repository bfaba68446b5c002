using System.Globalization;
using System.Text;
using EdgeSeg.Capture;

namespace EdgeSeg.Telemetry;

/// <summary>
/// The telemetry in the text format of Prometheus (version 0.0.4): counters since the process began, in base units. <see cref="Update"/>
/// belongs to the control thread; <see cref="Text"/> is read by any.
/// </summary>
internal sealed class PrometheusMetrics
{
    private readonly Dictionary<string, CameraCounters> cameras = new(StringComparer.Ordinal);
    private volatile byte[] text = [];
    private double cpuSeconds;

    /// <summary>The metrics of the last interval; empty before the first.</summary>
    public byte[] Text => text;

    public void Update(TelemetryInfo taken, ServiceMetrics service)
    {
        cpuSeconds += taken.Process.CpuPercent / 100 * taken.IntervalS;
        foreach (var camera in taken.Cameras)
        {
            if (!cameras.TryGetValue(camera.Id, out var counters))
                cameras.Add(camera.Id, counters = new CameraCounters());
            counters.Add(camera, taken.IntervalS);
        }

        var page = new PrometheusPage(taken.Device);
        WriteService(page, taken, service);
        WriteCameras(page, taken);
        WriteLink(page, taken.Link, service.Connected);
        WriteBoard(page, taken);
        WriteSamples(page, taken.Samples);
        text = page.ToBytes();
    }

    private static void WriteService(PrometheusPage page, TelemetryInfo taken, ServiceMetrics service)
    {
        page.Gauge("edgeseg_info", "Version, fleet and active model of the device; the value is 1.")
            .Add(
                1,
                ("version", service.Version),
                ("fleet", service.Fleet),
                ("model", service.Model),
                ("model_version", service.ModelVersion),
                ("session", taken.Session)
            );
        page.Gauge("edgeseg_degraded", "1 while the service runs below its configuration.").Add(service.Degraded ? 1 : 0);
        page.Gauge("edgeseg_clock_synchronized", "1 while the clock is synchronised.").Add(taken.ClockSynced ? 1 : 0);
        var alerts = page.Gauge("edgeseg_alerts", "Lasting alerts by code.");
        foreach (var group in service.Alerts.GroupBy(a => a))
            alerts.Add(group.Count(), ("code", group.Key));
        page.Counter("edgeseg_model_swaps_total", "Models that replaced another.").Add(taken.Swaps.Count);
        page.Gauge("edgeseg_model_last_swap_seconds", "Time without inference during the last swap.").Add(taken.Swaps.LastMs / 1000);
        WriteUpdate(page, service.Update);
        if (service.Quality.Results == 0)
            return;
        page.Gauge("edgeseg_masks_found_ratio", "Share of recent automatic results with an object.").Add(service.Quality.FoundRate);
        page.Gauge("edgeseg_masks_predicted_iou", "Mean predicted IoU of recent automatic masks.").Add(service.Quality.PredictedIou);
        page.Gauge("edgeseg_masks_area_ratio", "Mean area of recent automatic masks as a share of the picture.").Add(service.Quality.Area);
    }

    private static void WriteUpdate(PrometheusPage page, UpdateStats? update)
    {
        if (update is null)
            return;
        page.Gauge("edgeseg_model_update_info", "State of the model updates, the version that it is about and the reason; the value is 1.")
            .Add(1, ("state", update.State), ("version", update.VersionText), ("reason", update.Reason ?? ""));
        page.Gauge("edgeseg_model_update_failed", "1 while the last model update is refused or rolled back.").Add(update.HasFailed ? 1 : 0);
        if (update.Bytes is { } bytes)
            page.Gauge("edgeseg_model_update_received_bytes", "Bytes of the model update received so far.").Add(bytes);
        if (update.BytesTotal is { } total)
            page.Gauge("edgeseg_model_update_size_bytes", "Size of the model update.").Add(total);
    }

    private void WriteCameras(PrometheusPage page, TelemetryInfo taken)
    {
        Each("edgeseg_camera_frames_total", "Frames received from the camera.", c => c.Frames);
        Each("edgeseg_camera_masks_total", "Results published, with or without an object.", c => c.Masks);
        var reconnects = page.Counter("edgeseg_camera_reconnects_total", "Times that the camera delivered frames again after a loss.");
        foreach (var camera in taken.Cameras)
            reconnects.Add(camera.Reconnects, ("camera", camera.Id));
        var held = page.Gauge("edgeseg_camera_frames_held", "Frames of the pool in use.");
        foreach (var camera in taken.Cameras)
            held.Add(camera.FramesHeld, ("camera", camera.Id));
        var drops = page.Counter("edgeseg_camera_dropped_total", "Frames and masks dropped, by cause.");
        foreach (var (id, counters) in cameras)
        {
            foreach (var cause in Enum.GetValues<DropCause>().Select(Drops.ToWire))
                drops.Add(counters.Drops.GetValueOrDefault(cause), ("camera", id), ("cause", cause));
        }

        var stages = page.Histogram(
            "edgeseg_stage_duration_seconds",
            "Duration of the stages of a frame; end_to_end is from capture to publishing."
        );
        foreach (var (id, counters) in cameras)
        {
            foreach (var (stage, counts) in counters.Stages)
                stages.AddHistogram(LatencyHistogram.BoundsMs, counts.AtMost, counts.SumMs, ("camera", id), ("stage", stage));
        }

        void Each(string name, string help, Func<CameraCounters, double> value)
        {
            var metric = page.Counter(name, help);
            foreach (var (id, counters) in cameras)
                metric.Add(value(counters), ("camera", id));
        }
    }

    private static void WriteLink(PrometheusPage page, in LinkStats link, bool connected)
    {
        page.Gauge("edgeseg_mqtt_connected", "1 while the link to the broker is up.").Add(connected ? 1 : 0);
        page.Counter("edgeseg_mqtt_sent_total", "Messages sent.").Add(link.Sent);
        page.Counter("edgeseg_mqtt_reconnects_total", "Connections lost.").Add(link.Reconnects);
        page.Gauge("edgeseg_mqtt_waiting", "Messages that wait for the broker.").Add(link.Waiting);
        page.Counter("edgeseg_mqtt_dropped_total", "Messages dropped, by cause.")
            .Add(link.Drops.Full, ("cause", "full"))
            .Add(link.Drops.Expired, ("cause", "expired"))
            .Add(link.Drops.TooLarge, ("cause", "too_large"))
            .Add(link.Drops.Failed, ("cause", "failed"))
            .Add(link.Drops.Refused, ("cause", "refused"));
    }

    private void WriteBoard(PrometheusPage page, TelemetryInfo taken)
    {
        var board = taken.Board;
        page.Counter("process_cpu_seconds_total", "CPU time of the process.").Add(cpuSeconds);
        if (taken.Process.RssBytes is { } rss)
            page.Gauge("process_resident_memory_bytes", "Resident memory of the process.").Add(rss);
        if (board.Zones.Count > 0)
        {
            var zones = page.Gauge("edgeseg_temperature_celsius", "Temperature by thermal zone.");
            foreach (var zone in board.Zones)
                zones.Add(zone.DegreesC, ("zone", zone.Zone));
        }

        if (board.Rails.Count > 0)
        {
            var rails = page.Gauge("edgeseg_power_watts", "Power by supply rail.");
            foreach (var rail in board.Rails)
                rails.Add(rail.Watts, ("rail", rail.Rail));
        }

        if (board.Throttling is { } throttling)
            page.Gauge("edgeseg_throttled", "1 while the board is throttled.").Add(throttling.Now.Count > 0 ? 1 : 0);
        if (board.MemoryAvailableBytes is { } available)
            page.Gauge("edgeseg_memory_available_bytes", "Memory available to programs.").Add(available);
        if (board.DiskFreeBytes is { } free)
            page.Gauge("edgeseg_disk_free_bytes", "Free bytes on the disk of state_dir.").Add(free);
    }

    private static void WriteSamples(PrometheusPage page, SampleStats? samples)
    {
        if (samples is null)
            return;
        page.Gauge("edgeseg_samples_kept", "Frames on the disk for labelling.").Add(samples.Kept);
        page.Gauge("edgeseg_samples_bytes", "Their size.").Add(samples.Bytes);
        page.Counter("edgeseg_samples_written_total", "Frames written for labelling.").Add(samples.Written);
        page.Counter("edgeseg_samples_left_out_total", "Frames worth labelling that were not kept, by cause.")
            .Add(samples.OverLimit, ("cause", "over_limit"))
            .Add(samples.Dropped, ("cause", "dropped"))
            .Add(samples.Failed, ("cause", "failed"));
    }

    private sealed class CameraCounters
    {
        public double Frames { get; private set; }

        public double Masks { get; private set; }

        public Dictionary<string, long> Drops { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, StageCounters> Stages { get; } = new(StringComparer.Ordinal);

        public void Add(CameraTelemetry camera, double intervalS)
        {
            Frames += Math.Round(camera.FpsIn * intervalS);
            Masks += Math.Round(camera.FpsOut * intervalS);
            foreach (var (cause, count) in camera.Drops)
                Drops[cause] = Drops.GetValueOrDefault(cause) + count;
            foreach (var (stage, stats) in camera.Stages)
            {
                if (!Stages.TryGetValue(stage, out var counters))
                    Stages.Add(stage, counters = new StageCounters(new long[stats.AtMost.Length]));
                for (var i = 0; i < stats.AtMost.Length; i++)
                    counters.AtMost[i] += stats.AtMost[i];
                counters.SumMs += stats.SumMs;
            }
        }
    }

    private sealed class StageCounters(long[] atMost)
    {
        public long[] AtMost { get; } = atMost;

        public double SumMs { get; set; }
    }
}

/// <summary>A page of metrics: each has its help and type once, then its samples. Every sample has the label <c>device</c>.</summary>
internal sealed class PrometheusPage(string device)
{
    private readonly StringBuilder text = new(8192);
    private string name = "";

    public PrometheusPage Gauge(string metric, string help) => Begin(metric, help, "gauge");

    public PrometheusPage Counter(string metric, string help) => Begin(metric, help, "counter");

    public PrometheusPage Histogram(string metric, string help) => Begin(metric, help, "histogram");

    public PrometheusPage Add(double value, params ReadOnlySpan<(string Name, string Value)> labels) => Sample(name, value, labels);

    /// <param name="boundsMs">Upper bounds of the buckets, in milliseconds.</param>
    /// <param name="atMost">Cumulative counts, one for each bound and the total.</param>
    /// <param name="sumMs">Sum of all values.</param>
    /// <param name="labels">Of the metric.</param>
    public void AddHistogram(
        ReadOnlySpan<double> boundsMs,
        ReadOnlySpan<long> atMost,
        double sumMs,
        params ReadOnlySpan<(string Name, string Value)> labels
    )
    {
        for (var i = 0; i < atMost.Length; i++)
        {
            var bound = i < boundsMs.Length ? (boundsMs[i] / 1000).ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            Sample(name + "_bucket", atMost[i], [.. labels, ("le", bound)]);
        }

        Sample(name + "_sum", sumMs / 1000, labels);
        Sample(name + "_count", atMost[^1], labels);
    }

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(text.ToString());

    private PrometheusPage Begin(string metric, string help, string type)
    {
        name = metric;
        text.Append("# HELP ").Append(metric).Append(' ').Append(help).Append('\n');
        text.Append("# TYPE ").Append(metric).Append(' ').Append(type).Append('\n');
        return this;
    }

    private PrometheusPage Sample(string metric, double value, ReadOnlySpan<(string Name, string Value)> labels)
    {
        text.Append(metric).Append("{device=\"").Append(Escape(device)).Append('"');
        foreach (var (label, of) in labels)
            text.Append(',').Append(label).Append("=\"").Append(Escape(of)).Append('"');
        text.Append("} ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        return this;
    }

    private static string Escape(string value) =>
        value
            .Replace("\\", @"\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
