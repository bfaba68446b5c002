using System.Net;
using System.Net.Sockets;

namespace EdgeSeg.Mqtt;

/// <summary>
/// A proxy between a client and its broker whose connections a test can reset: both sockets are closed at once, without a DISCONNECT.
/// </summary>
internal sealed class TcpDisconnectProxy : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> sockets = [];
    private readonly int target;
    private volatile bool accepts = true;
    private long bytesLeft = long.MaxValue;
    private int disconnects;

    public TcpDisconnectProxy(int target)
    {
        this.target = target;
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>False: new connections are closed at once.</summary>
    public bool Accepts
    {
        get => accepts;
        set => accepts = value;
    }

    /// <summary>Resets that <see cref="DisconnectAfter"/> came to.</summary>
    public int Disconnects => Volatile.Read(ref disconnects);

    /// <summary>Passes this many more bytes from the client, then resets every connection; once.</summary>
    public void DisconnectAfter(int bytes) => Volatile.Write(ref bytesLeft, bytes);

    /// <summary>Resets every connection.</summary>
    public void Disconnect()
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
        Disconnect();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync();
                if (!accepts)
                {
                    near.Dispose();
                    continue;
                }

                var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
                lock (sockets)
                    sockets.AddRange([near, far]);
                await far.ConnectAsync(IPAddress.Loopback, target);
                _ = CopyAsync(near, far, isFromClient: true);
                _ = CopyAsync(far, near, isFromClient: false);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the test is over, or the broker is away
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isFromClient)
    {
        var buffer = new byte[16384];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var n)
            {
                var left = isFromClient ? Interlocked.Add(ref bytesLeft, -n) : long.MaxValue;
                var whole = left >= 0 ? n : n + (int)left;
                var at = 0;
                while (at < whole)
                    at += await to.SendAsync(buffer.AsMemory(at, whole - at));
                if (left >= 0)
                    continue;
                Volatile.Write(ref bytesLeft, long.MaxValue);
                Interlocked.Increment(ref disconnects);
                Disconnect();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // disconnected
        }
    }
}
