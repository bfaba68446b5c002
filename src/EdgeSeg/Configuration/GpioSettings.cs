namespace EdgeSeg.Configuration;

internal enum GpioEdge
{
    Rising,
    Falling,
    Both,
}

internal enum GpioBias
{
    AsIs,
    Disabled,
    PullUp,
    PullDown,
}

internal enum OutputMode
{
    Level,
    Pulse,
}

/// <summary><c>[trigger.gpio]</c>: an input line that requests masks.</summary>
internal sealed class GpioTriggerSettings
{
    public bool Enabled { get; set; }

    public string Chip { get; set; } = "/dev/gpiochip0";

    /// <summary>A number or a name.</summary>
    public string Line { get; set; } = "";

    public GpioEdge Edge { get; set; } = GpioEdge.Rising;

    public GpioBias Bias { get; set; } = GpioBias.AsIs;

    public bool ActiveLow { get; set; }

    public int DebounceMs { get; set; } = 5;

    public int MinGapMs { get; set; } = 50;

    /// <summary>Empty: every camera in mode on_trigger.</summary>
    public string Camera { get; set; } = "";

    public static Section Section { get; } =
        new Section<GpioTriggerSettings>("trigger.gpio", "An input line that requests masks.", (s, _) => s.Trigger)
            .Flag("enabled", "Watch the line.", g => g.Enabled, (g, v) => g.Enabled = v)
            .Text("chip", TextForms.Device, "GPIO chip.", g => g.Chip, (g, v) => g.Chip = v)
            .Word("line", TextForms.GpioLine, "Line on the chip, as gpioinfo lists it.", g => g.Line, (g, v) => g.Line = v)
            .Choice(
                "edge",
                "Edge that triggers.",
                g => g.Edge,
                (g, v) => g.Edge = v,
                ("rising", GpioEdge.Rising),
                ("falling", GpioEdge.Falling),
                ("both", GpioEdge.Both)
            )
            .Choice(
                "bias",
                "Resistor that the chip sets on the line.",
                g => g.Bias,
                (g, v) => g.Bias = v,
                ("as_is", GpioBias.AsIs),
                ("disabled", GpioBias.Disabled),
                ("pull_up", GpioBias.PullUp),
                ("pull_down", GpioBias.PullDown)
            )
            .Flag("active_low", "Low voltage means active; exchanges rising and falling.", g => g.ActiveLow, (g, v) => g.ActiveLow = v)
            .Integer(
                "debounce_ms",
                0,
                1000,
                "Milliseconds for which the line must be stable; 0: no debouncing.",
                g => g.DebounceMs,
                (g, v) => g.DebounceMs = v
            )
            .Integer(
                "min_gap_ms",
                0,
                60000,
                "Edges that follow sooner than this are counted and ignored.",
                g => g.MinGapMs,
                (g, v) => g.MinGapMs = v
            )
            .Text(
                "camera",
                TextForms.IdOrNone,
                "Camera that the line triggers; empty: every one whose mode is on_trigger.",
                g => g.Camera,
                (g, v) => g.Camera = v
            );
}

/// <summary><c>[output.busy]</c>, <c>[output.result]</c>, <c>[output.fault]</c>.</summary>
internal sealed class OutputSettings
{
    public string Chip { get; set; } = "/dev/gpiochip0";

    /// <summary>A number or a name; empty: the output is not used.</summary>
    public string Line { get; set; } = "";

    public OutputMode Mode { get; set; } = OutputMode.Level;

    public int PulseMs { get; set; } = 50;

    public bool ActiveLow { get; set; }

    public static Section Section(string name, string doc, Func<Settings, OutputSettings> at) =>
        new Section<OutputSettings>($"output.{name}", doc, (s, _) => at(s))
            .Text("chip", TextForms.Device, "GPIO chip.", o => o.Chip, (o, v) => o.Chip = v)
            .Word("line", TextForms.GpioLine, "Line on the chip; empty: not used.", o => o.Line, (o, v) => o.Line = v)
            .Choice(
                "mode",
                "Hold the level, or give a pulse.",
                o => o.Mode,
                (o, v) => o.Mode = v,
                ("level", OutputMode.Level),
                ("pulse", OutputMode.Pulse)
            )
            .Integer("pulse_ms", 1, 60000, "Length of a pulse in milliseconds.", o => o.PulseMs, (o, v) => o.PulseMs = v)
            .Flag("active_low", "Low voltage means on.", o => o.ActiveLow, (o, v) => o.ActiveLow = v);
}
