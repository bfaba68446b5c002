using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Gpio;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The GPIO lines that the settings name: the trigger input, and the outputs busy, result and fault. A line that cannot be opened is a
/// reason in <see cref="Faults"/>, and the service runs without it: an output is opened at the start only, the trigger is tried again
/// without end.
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
    /// <param name="cameras">From now on the trigger line fires those that it is configured for.</param>
    /// <param name="warn">Takes a sentence about each line that cannot be opened.</param>
    /// <param name="time">Pulses and attempts.</param>
    public GpioLines(Settings settings, IEnumerable<CameraPipeline> cameras, Action<string> warn, TimeProvider time)
    {
        this.warn = warn;
        busy = Output("busy", settings.Busy, time);
        result = Output("result", settings.Result, time);
        fault = Output("fault", settings.Fault, time);
        if (!settings.Trigger.Enabled)
            return;
        foreach (var camera in cameras)
        {
            var isTriggered =
                settings.Trigger.Camera.Length > 0
                    ? camera.Settings.Id == settings.Trigger.Camera
                    : camera.Settings.Mode == CameraMode.OnTrigger;
            if (isTriggered)
                gates.Add(camera.UseTrigger(settings.Trigger));
        }

        watch = new TriggerWatch(() => GpioLine.Open(settings.Trigger), Pass, problem => WarnOfTrigger(problem, warn), time);
    }

    /// <summary>Reasons for being degraded, as in the status message; empty when every line works.</summary>
    public IReadOnlyList<string> Faults => watch?.Fault is null ? outputFaults : [.. outputFaults, "gpio_trigger"];

    /// <summary>Edges since the start: read, accepted, too soon after another, never answered, lost in the kernel.</summary>
    public (long Read, long Accepted, long TooSoon, long Missed, long Lost) Stats
    {
        get
        {
            var (accepted, tooSoon, missed) = (0L, 0L, 0L);
            foreach (var gate in gates)
            {
                var stats = gate.Stats;
                (accepted, tooSoon, missed) = (accepted + stats.Accepted, tooSoon + stats.TooSoon, missed + stats.Missed);
            }

            return (watch?.Edges ?? 0, accepted, tooSoon, missed, watch?.Lost ?? 0);
        }
    }

    /// <summary>Whether a trigger line is configured.</summary>
    public bool HasTrigger => watch is not null;

    public void Start() => watch?.Start();

    public void Busy(bool on) => busy?.Set(on);

    public void Result(bool found) => result?.Set(found);

    /// <summary>Sets the fault output when the state changes.</summary>
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

    private static void WarnOfTrigger(string? problem, Action<string> warn)
    {
        if (problem is not null)
            warn($"trigger: {problem}");
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
