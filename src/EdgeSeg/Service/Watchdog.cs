namespace EdgeSeg.Service;

/// <summary>
/// Reports to the service manager that the service is alive: <c>WATCHDOG=1</c> three times in the manager's interval while every
/// stage's heartbeat is fresh, and not at all while one is stuck. The manager then restarts the process. Runs on a timer, so
/// a stuck control loop is seen too.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly ServiceNotifier notifier;
    private readonly Heartbeats heartbeats;
    private readonly Action<string> stuck;
    private readonly ITimer? timer;
    private string? reported;

    /// <param name="notifier">States whether the manager watches, and takes the reports.</param>
    /// <param name="heartbeats">The stages.</param>
    /// <param name="stuck">Takes a line, once each time that a stage gets stuck.</param>
    /// <param name="time">The timer.</param>
    public Watchdog(ServiceNotifier notifier, Heartbeats heartbeats, Action<string> stuck, TimeProvider time)
    {
        (this.notifier, this.heartbeats, this.stuck) = (notifier, heartbeats, stuck);
        if (notifier.WatchdogInterval is not { } interval)
            return;
        timer = time.CreateTimer(static watchdog => ((Watchdog)watchdog!).Check(), this, TimeSpan.Zero, interval / 3);
    }

    private void Check()
    {
        if (heartbeats.Stuck() is not { } found)
        {
            reported = null;
            notifier.Alive();
            return;
        }

        if (reported == found.Stage)
            return;
        reported = found.Stage;
        notifier.Status($"stuck: {found.Stage}");
        stuck(
            $"{found.Stage} has been stuck for {found.Silence.TotalSeconds:0} s; "
                + "the watchdog stops, so the service manager restarts the service"
        );
    }

    public void Dispose() => timer?.Dispose();
}
