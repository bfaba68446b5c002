using System.Runtime.InteropServices;

namespace EdgeSeg.Cli;

/// <summary>
/// The signals by which a service manager stops and reloads <c>edgeseg run</c>. They are handled from the first line of the program to its
/// end, so that a stop in the middle of a start is an ordered one too: the default action would end the process at once.
/// </summary>
internal static class ServiceSignals
{
    private static readonly CancellationTokenSource stop = new();
    private static readonly Lock gate = new();

    // kept for the life of the process: a registration that is collected ends
    private static PosixSignalRegistration[] registered = [];
    private static Action? reload;
    private static bool isReloadDue;

    /// <summary>Cancelled by SIGTERM and SIGINT.</summary>
    public static CancellationToken Stop => stop.Token;

    /// <summary>Handles the signals from now on; a second call changes nothing.</summary>
    public static void Register()
    {
        lock (gate)
        {
            if (registered.Length == 0)
                registered =
                [
                    PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopAsked),
                    PosixSignalRegistration.Create(PosixSignal.SIGINT, StopAsked),
                    PosixSignalRegistration.Create(PosixSignal.SIGHUP, ReloadAsked),
                ];
        }
    }

    /// <summary>What SIGHUP does from now on; at once if one came before there was anything to do.</summary>
    public static void OnReload(Action action)
    {
        lock (gate)
        {
            reload = action;
            if (!isReloadDue)
                return;
            isReloadDue = false;
        }

        action();
    }

    private static void StopAsked(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    private static void ReloadAsked(PosixSignalContext context)
    {
        context.Cancel = true;
        Action? action;
        lock (gate)
        {
            action = reload;
            isReloadDue = action is null;
        }

        action?.Invoke();
    }
}
