namespace EdgeSeg.Service;

/// <summary>
/// Passes life on to the service manager, and only true life: <c>WATCHDOG=1</c> goes out three times in the manager's interval while every stage's heartbeat
/// is fresh, and not at all while one is stuck. The manager then ends the process and starts it anew. Runs on a timer, so a stuck control loop is seen too.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly ServiceNotifier notifier;
    private readonly Heartbeats heartbeats;
    private readonly Action<string> stuck;
    private readonly ITimer? timer;
    private string? told;

    /// <param name="notifier">Says whether the manager watches, and hears the pings.</param>
    /// <param name="heartbeats">The stages.</param>
    /// <param name="stuck">Told a sentence once for each time that a stage gets stuck.</param>
    /// <param name="time">The timer.</param>
    public Watchdog(ServiceNotifier notifier, Heartbeats heartbeats, Action<string> stuck, TimeProvider time)
    {
        (this.notifier, this.heartbeats, this.stuck) = (notifier, heartbeats, stuck);
        if (notifier.WatchdogInterval is not { } interval)
            return;
        timer = time.CreateTimer(static watchdog => ((Watchdog)watchdog!).Look(), this, TimeSpan.Zero, interval / 3);
    }

    private void Look()
    {
        if (heartbeats.Stuck() is not { } found)
        {
            told = null;
            notifier.Alive();
            return;
        }

        if (told == found.Stage)
            return;
        told = found.Stage;
        notifier.Status($"stuck: {found.Stage}");
        stuck(
            $"{found.Stage} has been stuck for {found.Silence.TotalSeconds:0} s: the service manager is no longer told that all is well, and will start the service anew"
        );
    }

    public void Dispose() => timer?.Dispose();
}
