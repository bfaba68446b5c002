namespace EdgeSeg.Configuration;

internal enum LogLevel
{
    Debug,
    Info,
    Warning,
    Error,
}

/// <summary><c>[publish]</c></summary>
internal sealed class PublishSettings
{
    public bool Polygon { get; set; }

    public double TolerancePx { get; set; } = 1;

    public static Section Section { get; } =
        new Section<PublishSettings>("publish", "Content of a mask message.", (s, _) => s.Publish)
            .Flag("polygon", "Add the outline as polygons.", p => p.Polygon, (p, v) => p.Polygon = v)
            .Number(
                "tolerance_px",
                0,
                100,
                "Largest distance between a polygon and the edge of the mask, in pixels.",
                p => p.TolerancePx,
                (p, v) => p.TolerancePx = v
            );
}

/// <summary><c>[telemetry]</c></summary>
internal sealed class TelemetrySettings
{
    public double IntervalS { get; set; } = 10;

    /// <summary>Empty: no OTLP.</summary>
    public string OtlpEndpoint { get; set; } = "";

    /// <summary>Empty: the system's authorities.</summary>
    public string OtlpCaFile { get; set; } = "";

    /// <summary>Empty: no Authorization header.</summary>
    public string OtlpAuthorizationFile { get; set; } = "";

    public static Section Section { get; } =
        new Section<TelemetrySettings>("telemetry", "Metrics about the service.", (s, _) => s.Telemetry)
            .Number("interval_s", 1, 3600, "Seconds between telemetry messages.", t => t.IntervalS, (t, v) => t.IntervalS = v)
            .Text(
                "otlp_endpoint",
                TextForms.Url,
                "OpenTelemetry collector that gets the metrics over HTTP, for example http://127.0.0.1:4318; empty: none.",
                t => t.OtlpEndpoint,
                (t, v) => t.OtlpEndpoint = v
            )
            .Text(
                "otlp_ca_file",
                TextForms.File,
                "Authorities (PEM) that may sign the collector's certificate; empty: the system's.",
                t => t.OtlpCaFile,
                (t, v) => t.OtlpCaFile = v
            )
            .Text(
                "otlp_authorization_file",
                TextForms.File,
                "File with the Authorization header for the collector, for example \"Bearer TOKEN\"; read for each export. Empty: none.",
                t => t.OtlpAuthorizationFile,
                (t, v) => t.OtlpAuthorizationFile = v
            );
}

/// <summary><c>[home_assistant]</c></summary>
internal sealed class HomeAssistantSettings
{
    public bool Enabled { get; set; }

    public string Prefix { get; set; } = "homeassistant";

    /// <summary>A picture on a wall tablet is new enough, and costs one of a hundred frames' time.</summary>
    public const double DefaultImageIntervalS = 5;

    public double ImageIntervalS { get; set; } = DefaultImageIntervalS;

    /// <summary>Pictures with masks are published for the image entities.</summary>
    public bool HasObjectImages => Enabled && ImageIntervalS > 0;

    private const string Doc = "MQTT discovery for Home Assistant.";

    public static Section Section { get; } =
        new Section<HomeAssistantSettings>("home_assistant", Doc, (s, _) => s.HomeAssistant)
            .Flag("enabled", "Publish the discovery message.", h => h.Enabled, (h, v) => h.Enabled = v)
            .Text(
                "prefix",
                TextForms.TopicPart,
                "Discovery prefix that Home Assistant is configured with.",
                h => h.Prefix,
                (h, v) => h.Prefix = v
            )
            .Number(
                "image_interval_s",
                0,
                3600,
                "Seconds between two pictures with the mask drawn on them (topic cam/<id>/overlay) of each camera, for its image "
                    + "entity; 0: none.",
                h => h.ImageIntervalS,
                (h, v) => h.ImageIntervalS = v
            );
}

/// <summary><c>[log]</c></summary>
internal sealed class LogSettings
{
    public LogLevel Level { get; set; } = LogLevel.Info;

    public static Section Section { get; } =
        new Section<LogSettings>("log", "The journal.", (s, _) => s.Log).Choice(
            "level",
            "Lowest level that is written.",
            l => l.Level,
            (l, v) => l.Level = v,
            ("debug", LogLevel.Debug),
            ("info", LogLevel.Info),
            ("warning", LogLevel.Warning),
            ("error", LogLevel.Error)
        );
}
