namespace EdgeSeg.Configuration;

/// <summary><c>[console]</c>: the web page that the device itself serves, beside the embedded broker.</summary>
internal sealed class ConsoleSettings
{
    public bool Enabled { get; set; }

    public bool Metrics { get; set; }

    /// <summary>Something is served on <see cref="Port"/>.</summary>
    public bool IsListening => Enabled || Metrics;

    /// <summary>WebSocket address of the external broker; empty with the embedded one.</summary>
    public string BrokerUrl { get; set; } = "";

    public string Bind { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8088;

    private const string Doc =
        "The operator's web page, served by the device itself; it connects to the embedded broker, or to the WebSocket listener of an "
        + "external one.";

    public static Section Section { get; } =
        new Section<ConsoleSettings>("console", Doc, (s, _) => s.Console)
            .Flag("enabled", "Serve the page; with the embedded broker also a WebSocket to it.", c => c.Enabled, (c, v) => c.Enabled = v)
            .Flag(
                "metrics",
                "Serve metrics for Prometheus at /metrics, also without the page and with an external broker.",
                c => c.Metrics,
                (c, v) => c.Metrics = v
            )
            .Text(
                "broker_url",
                TextForms.WebSocketUrl,
                "WebSocket address of the external broker, as the operator's browser reaches it; required with an external broker.",
                c => c.BrokerUrl,
                (c, v) => c.BrokerUrl = v
            )
            .Text(
                "bind",
                TextForms.Address,
                "Address on which it listens; any but loopback needs mqtt.username and mqtt.password_file with the embedded broker.",
                c => c.Bind,
                (c, v) => c.Bind = v
            )
            .Integer("port", 0, 65535, "Port on which it listens; 0: a free one, named in the journal.", c => c.Port, (c, v) => c.Port = v);
}
