namespace EdgeSeg.Configuration;

internal enum MaskFormat
{
    CocoRle,
}

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
    public MaskFormat MaskFormat { get; set; } = MaskFormat.CocoRle;

    public bool Polygon { get; set; }

    public double TolerancePx { get; set; } = 1;

    public static Section Section { get; } =
        new Section<PublishSettings>("publish", "What a mask message carries.", (s, _) => s.Publish)
            .Choice(
                "mask_format",
                "How the mask's pixels are written.",
                p => p.MaskFormat,
                (p, v) => p.MaskFormat = v,
                ("coco_rle", MaskFormat.CocoRle)
            )
            .Flag("polygon", "Add the outline as polygons.", p => p.Polygon, (p, v) => p.Polygon = v)
            .Number(
                "tolerance_px",
                0,
                100,
                "How far a polygon may stray from the mask, in pixels.",
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

    public static Section Section { get; } =
        new Section<TelemetrySettings>("telemetry", "Figures about the service itself.", (s, _) => s.Telemetry)
            .Number("interval_s", 1, 3600, "Seconds between telemetry messages.", t => t.IntervalS, (t, v) => t.IntervalS = v)
            .Text(
                "otlp_endpoint",
                TextForms.Url,
                "OpenTelemetry collector to send metrics to over HTTP, for example http://127.0.0.1:4318; empty: none.",
                t => t.OtlpEndpoint,
                (t, v) => t.OtlpEndpoint = v
            );
}

/// <summary><c>[home_assistant]</c></summary>
internal sealed class HomeAssistantSettings
{
    public bool Enabled { get; set; }

    public string Prefix { get; set; } = "homeassistant";

    public static Section Section { get; } =
        new Section<HomeAssistantSettings>("home_assistant", "MQTT discovery for Home Assistant.", (s, _) => s.HomeAssistant)
            .Flag("enabled", "Publish the discovery message.", h => h.Enabled, (h, v) => h.Enabled = v)
            .Text("prefix", TextForms.TopicPart, "Discovery prefix that Home Assistant is set to.", h => h.Prefix, (h, v) => h.Prefix = v);
}

/// <summary><c>[log]</c></summary>
internal sealed class LogSettings
{
    public LogLevel Level { get; set; } = LogLevel.Info;

    public static Section Section { get; } =
        new Section<LogSettings>("log", "The journal.", (s, _) => s.Log).Choice(
            "level",
            "What is worth a line.",
            l => l.Level,
            (l, v) => l.Level = v,
            ("debug", LogLevel.Debug),
            ("info", LogLevel.Info),
            ("warning", LogLevel.Warning),
            ("error", LogLevel.Error)
        );
}
