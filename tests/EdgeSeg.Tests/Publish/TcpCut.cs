using System.Net;
using System.Net.Sockets;

namespace EdgeSeg.Publish;

/// <summary>A proxy between a client and its broker whose cable a test can pull: both sockets are closed hard, without a word of MQTT.</summary>
internal sealed class TcpCut : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> sockets = [];
    private readonly int target;
    private volatile bool plugged = true;

    public TcpCut(int target)
    {
        this.target = target;
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>False: new connections are closed at once.</summary>
    public bool Plugged
    {
        get => plugged;
        set => plugged = value;
    }

    /// <summary>Resets every connection.</summary>
    public void Cut()
    {
        lock (sockets)
        {
            foreach (var socket in sockets)
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }

            sockets.Clear();
        }
    }

    public void Dispose()
    {
        listener.Dispose();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync();
                if (!plugged)
                {
                    near.Dispose();
                    continue;
                }

                var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
                lock (sockets) sockets.AddRange([near, far]);
                await far.ConnectAsync(IPAddress.Loopback, target);
                _ = CopyAsync(near, far);
                _ = CopyAsync(far, near);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the test is over, or the broker is away
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[16384];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var n)
                for (var at = 0; at < n;) at += await to.SendAsync(buffer.AsMemory(at, n - at));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // cut
        }
    }
}
