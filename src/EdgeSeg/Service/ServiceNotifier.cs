using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace EdgeSeg.Service;

/// <summary>
/// Reports the state of the service to the service manager: sd_notify(3) datagrams on <c>$NOTIFY_SOCKET</c>. Without that variable, and
/// when the manager does not listen, nothing happens. Any thread.
/// </summary>
internal sealed class ServiceNotifier : IDisposable
{
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly Socket? socket;
    private readonly UnixDomainSocketEndPoint? manager;
    private string status = "";

    /// <param name="address">A socket's path, or '@' and an abstract name; null or empty: there is no service manager.</param>
    /// <param name="watchdogUs"><c>$WATCHDOG_USEC</c>: microseconds within which the manager expects a sign of life; null or not a number:
    /// none.</param>
    /// <param name="time">The monotonic clock that reloads are stamped with.</param>
    public ServiceNotifier(string? address, string? watchdogUs, TimeProvider time)
    {
        this.time = time;
        if (string.IsNullOrEmpty(address) || address[0] is not ('/' or '@') || address.Length < 2)
            return;
        // .NET writes the leading zero byte of an abstract name as a character
        manager = new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address);
        socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        if (long.TryParse(watchdogUs, NumberStyles.None, CultureInfo.InvariantCulture, out var us) && us > 0)
            WatchdogInterval = TimeSpan.FromMicroseconds(us);
    }

    /// <summary>
    /// From <c>$NOTIFY_SOCKET</c> and <c>$WATCHDOG_USEC</c>, the latter only when <c>$WATCHDOG_PID</c> does not name another process.
    /// </summary>
    public static ServiceNotifier FromEnvironment(TimeProvider time)
    {
        var watched = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        var ours = string.IsNullOrEmpty(watched) || watched == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return new ServiceNotifier(
            Environment.GetEnvironmentVariable("NOTIFY_SOCKET"),
            ours ? Environment.GetEnvironmentVariable("WATCHDOG_USEC") : null,
            time
        );
    }

    /// <summary>Whether there is a service manager.</summary>
    public bool IsActive => socket is not null;

    /// <summary>Time within which <see cref="Alive"/> must be called repeatedly; null: the manager does not watch.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>Start or reload is complete.</summary>
    public void Ready() => Send("READY=1");

    /// <summary>A line for people, shown by <c>systemctl status</c>; sent only when it changes.</summary>
    public void Status(string line)
    {
        line = line.ReplaceLineEndings(" ");
        if (line.Length > ServiceLimits.StatusLine)
            line = line[..ServiceLimits.StatusLine];
        lock (gate)
        {
            if (line == status)
                return;
            status = line;
        }

        Send($"STATUS={line}");
    }

    /// <summary>A sign of life for the manager's watchdog.</summary>
    public void Alive() => Send("WATCHDOG=1");

    /// <summary>A reload begins; <see cref="Ready"/> must follow, whether the settings are accepted or refused.</summary>
    public void Reloading() =>
        Send(
            string.Create(
                CultureInfo.InvariantCulture,
                $"RELOADING=1\nMONOTONIC_USEC={(long)((Int128)time.GetTimestamp() * 1_000_000 / time.TimestampFrequency)}"
            )
        );

    /// <summary>The service stops on purpose.</summary>
    public void Stopping() => Send("STOPPING=1");

    private void Send(string state)
    {
        if (socket is null)
            return;
        lock (gate)
        {
            try
            {
                socket.SendTo(Encoding.UTF8.GetBytes(state), manager!);
            }
            catch (SocketException)
            {
                // the manager is gone or its queue is full; there is nothing to do
            }
            catch (ObjectDisposedException)
            {
                // after the end
            }
        }
    }

    public void Dispose() => socket?.Dispose();
}
