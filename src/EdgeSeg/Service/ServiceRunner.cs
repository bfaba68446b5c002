using System.Threading.Channels;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>
/// Runs the service until it ends, and again with newer settings whenever a reload was requested and they were accepted. Settings with
/// which a start would fail are refused while the running service goes on undisturbed.
/// </summary>
/// <param name="load">Reads the settings; throws an <see cref="OperatingException"/> for bad ones.</param>
/// <param name="journal">Takes lines for people.</param>
/// <param name="notifier">Reports to the service manager.</param>
/// <param name="time">Clock and timers.</param>
/// <param name="waitForSubscriber">See <see cref="ReplayStart"/>.</param>
internal sealed class ServiceRunner(
    Func<Settings> load,
    Journal journal,
    ServiceNotifier notifier,
    TimeProvider time,
    bool waitForSubscriber = false
)
{
    private readonly Channel<bool> reloads = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );

    /// <summary>Called after each start that succeeded.</summary>
    public Action Started { get; init; } = () => { };

    /// <summary>Asks for a reload; several requests at once are one. Any thread.</summary>
    public void RequestReload() => reloads.Writer.TryWrite(true);

    /// <summary>Returns the exit code.</summary>
    /// <exception cref="OperatingException">The first start failed.</exception>
    public async Task<int> RunAsync(Settings settings, CancellationToken stop)
    {
        Settings? former = null;
        string? refused = null;
        var isReload = false;
        while (true)
        {
            EdgeSegService service;
            try
            {
                service = await ServiceBuilder.StartAsync(
                    settings,
                    journal,
                    time,
                    notifier: notifier,
                    waitForSubscriber: waitForSubscriber
                );
            }
            catch (Exception e) when (former is not null)
            {
                // what the check saw has changed since, a port for example; a fault of the program is no reason to end either
                (settings, former, refused, isReload) = (former, null, Refuse(e), false);
                continue;
            }

            await using (service)
            {
                Started();
                if (isReload)
                    journal.Info("the settings were read again and are in force");
                service.Control.SettingsRefused = refused;
                (former, refused) = (settings, null);
                if (await RunUntilReloadAsync(service, stop) is not { } next)
                {
                    notifier.Stopping();
                    return service.ExitCode;
                }

                (settings, isReload) = (next, true);
            }
        }
    }

    /// <summary>
    /// Null when the service has ended, else the settings for the next one, which were accepted; the service is stopped then.
    /// </summary>
    private async Task<Settings?> RunUntilReloadAsync(EdgeSegService service, CancellationToken stop)
    {
        using var round = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = service.RunAsync(round.Token);
        Settings? next = null;
        while (next is null)
        {
            var reload = reloads.Reader.WaitToReadAsync(round.Token).AsTask();
            if (await Task.WhenAny(running, reload) == running || stop.IsCancellationRequested)
                break;
            reloads.Reader.TryRead(out _);
            next = Read(service);
        }

        await round.CancelAsync();
        await running;
        return next;
    }

    private Settings? Read(EdgeSegService service)
    {
        notifier.Reloading();
        try
        {
            var read = load();
            StartCheck.Run(read, service.Settings);
            return read;
        }
        catch (Exception e)
        {
            // whatever it is: new settings never end the service that runs
            service.Control.SettingsRefused = Refuse(e);
            notifier.Ready();
            return null;
        }
    }

    private string Refuse(Exception e)
    {
        // the trace of an error that is not expected is for the journal only
        var isExpected = e is OperatingException;
        journal.Error($"the new settings were refused, the old ones stay in force: {(isExpected ? e.Message : e.ToString())}");
        return isExpected ? e.Message : "checking them failed for a reason that is not known: the journal has the details";
    }
}
