using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Gpio;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Pipeline;

/// <summary>
/// All wires of the device as the settings name them: the trigger line, and the output lines busy, result and fault. One that cannot be had is a sentence in
/// <see cref="Faults"/>, and the service goes on without it: an output is tried at the start only, the trigger line for ever.
/// </summary>
internal sealed class GpioLines : IDisposable
{
    private readonly Action<string> warn;
    private readonly List<string> outputFaults = [];
    private readonly OutputLine? busy,
        result,
        fault;
    private readonly List<TriggerGate> gates = [];
    private readonly TriggerWatch? watch;
    private bool faultShown;

    /// <param name="settings">The lines.</param>
    /// <param name="lanes">The cameras; those that the trigger line fires obey it from now on.</param>
    /// <param name="warn">Told what fails, a sentence each.</param>
    /// <param name="time">Pulses and attempts.</param>
    public GpioLines(Settings settings, IEnumerable<CameraPipeline> lanes, Action<string> warn, TimeProvider time)
    {
        this.warn = warn;
        busy = Output("busy", settings.Busy, time);
        result = Output("result", settings.Result, time);
        fault = Output("fault", settings.Fault, time);
        if (!settings.Trigger.Enabled)
            return;
        foreach (var lane in lanes)
            if (
                settings.Trigger.Camera.Length > 0
                    ? lane.Settings.Id == settings.Trigger.Camera
                    : lane.Settings.Mode == CameraMode.OnTrigger
            )
                gates.Add(lane.Obey(settings.Trigger));
        watch = new TriggerWatch(
            () => GpioLine.Open(settings.Trigger),
            Pass,
            sentence =>
            {
                if (sentence is not null)
                    warn($"trigger: {sentence}");
            },
            time
        );
    }

    /// <summary>Reasons for being degraded, as they stand in the status message; empty when every wire works.</summary>
    public IReadOnlyList<string> Faults => watch?.Fault is null ? outputFaults : [.. outputFaults, "gpio_trigger"];

    /// <summary>Edges read, obeyed, too soon after another, never answered, lost in the kernel; all since the start.</summary>
    public (long Read, long Accepted, long TooSoon, long Missed, long Lost) Figures
    {
        get
        {
            var (accepted, tooSoon, missed) = (0L, 0L, 0L);
            foreach (var gate in gates)
            {
                var figures = gate.Figures;
                (accepted, tooSoon, missed) = (accepted + figures.Accepted, tooSoon + figures.TooSoon, missed + figures.Missed);
            }

            return (watch?.Edges ?? 0, accepted, tooSoon, missed, watch?.Lost ?? 0);
        }
    }

    /// <summary>Whether a trigger line is configured.</summary>
    public bool HasTrigger => watch is not null;

    public void Start() => watch?.Start();

    public void Busy(bool on) => busy?.Set(on);

    public void Result(bool found) => result?.Set(found);

    /// <summary>Shown when it changes.</summary>
    public void Fault(bool on)
    {
        if (on == faultShown)
            return;
        faultShown = on;
        fault?.Set(on);
    }

    public void Dispose()
    {
        watch?.Dispose();
        busy?.Dispose();
        result?.Dispose();
        fault?.Dispose();
    }

    private void Pass(LineEdge edge)
    {
        foreach (var gate in gates)
            gate.Accept(edge.Ns);
    }

    private OutputLine? Output(string name, OutputSettings settings, TimeProvider time)
    {
        if (settings.Line.Length == 0)
            return null;
        try
        {
            return OutputLine.Open(settings, time);
        }
        catch (OperatingException e)
        {
            warn($"output {name}: {e.Message}");
            outputFaults.Add($"gpio_output:{name}");
            return null;
        }
    }
}
