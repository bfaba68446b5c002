namespace EdgeSeg.Configuration;

/// <summary><c>[console]</c>: the web page that the device itself serves, beside the embedded broker.</summary>
internal sealed class ConsoleSettings
{
    public bool Enabled { get; set; }

    public bool Metrics { get; set; }

    /// <summary>Something is served on <see cref="Port"/>.</summary>
    public bool IsListening => Enabled || Metrics;

    public string Bind { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8088;

    private const string Doc = "The operator's web page, served by the device itself; it connects to the embedded broker.";

    public static Section Section { get; } =
        new Section<ConsoleSettings>("console", Doc, (s, _) => s.Console)
            .Flag("enabled", "Serve the page, and a WebSocket to the embedded broker.", c => c.Enabled, (c, v) => c.Enabled = v)
            .Flag(
                "metrics",
                "Serve metrics for Prometheus at /metrics, also without the page and with an external broker.",
                c => c.Metrics,
                (c, v) => c.Metrics = v
            )
            .Text(
                "bind",
                TextForms.Address,
                "Address on which it listens; any but loopback needs mqtt.username and mqtt.password_file.",
                c => c.Bind,
                (c, v) => c.Bind = v
            )
            .Integer("port", 0, 65535, "Port on which it listens; 0: a free one, named in the journal.", c => c.Port, (c, v) => c.Port = v);
}
