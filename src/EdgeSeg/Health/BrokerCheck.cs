using System.Net.Sockets;

namespace EdgeSeg.Health;

/// <summary>Does the broker take a TCP connection. Whether it takes the user and the password is told by the service's own log.</summary>
internal static class BrokerCheck
{
    private const string Name = "broker";

    /// <summary>The host is a name, an address, or <c>embedded</c>.</summary>
    public static Check Reach(string host, int port, int timeoutMs = HealthLimits.DoctorConnectTimeoutMs)
    {
        if (host == "embedded")
            return Check.Ok(Name, "embedded: runs inside the process");
        using var deadline = new CancellationTokenSource(timeoutMs);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.ConnectAsync(host, port, deadline.Token).AsTask().GetAwaiter().GetResult();
            return Check.Ok(Name, $"{host}:{port} takes connections");
        }
        catch (OperationCanceledException)
        {
            return Check.Failed(
                Name,
                $"{host}:{port} did not answer in {timeoutMs} ms",
                "look at the network and the broker's firewall, and at mqtt.host and mqtt.port"
            );
        }
        catch (SocketException e)
        {
            return Check.Failed(Name, $"{host}:{port} cannot be reached: {e.Message}", Remedy(e.SocketErrorCode, host));
        }
    }

    private static string Remedy(SocketError error, string host) =>
        error switch
        {
            SocketError.ConnectionRefused => $"start the broker on {host} (systemctl start mosquitto) or correct mqtt.port",
            SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData =>
                "correct mqtt.host, or look at the name service (resolvectl query)",
            _ => "look at the network, and at mqtt.host and mqtt.port",
        };
}
