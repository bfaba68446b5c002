using System.Net.Sockets;

namespace EdgeSeg.Platform;

/// <summary>Why a server could not be reached, in words for people. They hold no name of a .NET type.</summary>
internal static class SocketErrors
{
    public static string Describe(SocketException error) =>
        error.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused: no server listens on this port",
            SocketError.HostNotFound or SocketError.NoData => "the host name is unknown",
            SocketError.TryAgain => "the host name cannot be resolved now",
            SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown =>
                "the network has no route to the host",
            SocketError.TimedOut => "no answer in time",
            SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown =>
                "the connection was reset by the other side",
            _ => error.Message,
        };
}
