namespace EdgeSeg.Configuration;

/// <summary><c>[console]</c>: the page that the device itself serves, beside the embedded broker.</summary>
internal sealed class ConsoleSettings
{
    public bool Enabled { get; set; }

    public string Bind { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8088;

    public static Section Section { get; } =
        new Section<ConsoleSettings>(
            "console",
            "The operator's page, served by the device itself; it talks to the embedded broker.",
            (s, _) => s.Console
        )
            .Flag("enabled", "Serve the page and a WebSocket into the embedded broker.", c => c.Enabled, (c, v) => c.Enabled = v)
            .Text(
                "bind",
                TextForms.Address,
                "Address on which it listens; any but loopback needs mqtt.username and mqtt.password_file.",
                c => c.Bind,
                (c, v) => c.Bind = v
            )
            .Integer("port", 0, 65535, "Its port; 0: a free one, named in the log.", c => c.Port, (c, v) => c.Port = v);
}
