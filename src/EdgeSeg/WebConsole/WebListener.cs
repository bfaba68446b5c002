using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using EdgeSeg.Vision.Platform;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.Server;

namespace EdgeSeg.WebConsole;

/// <summary>
/// The console's door: serves the page's files, and lets its WebSocket (path <c>/mqtt</c>, subprotocol <c>mqtt</c>) into the embedded broker, which
/// treats it as any other client. One request a connection; connections, the head's size and its time are bounded.
/// </summary>
internal sealed class WebListener : IMqttServerAdapter
{
    public const string SocketPath = "/mqtt";

    private readonly TcpListener listener;
    private readonly bool onLoopback;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim places = new(WebConsoleLimits.WebConnections);
    private IMqttNetLogger logger = MqttNetNullLogger.Instance;

    private WebListener(IPAddress address, int port)
    {
        listener = new TcpListener(address, port);
        onLoopback = IPAddress.IsLoopback(address);
    }

    /// <summary>Set by the broker; takes a client and returns when that is gone.</summary>
    public Func<IMqttChannelAdapter, Task>? ClientHandler { get; set; }

    /// <summary>Where it listens; the port is the one found where 0 was asked for.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>Takes the port; connections wait until the broker starts. Port 0 takes a free one.</summary>
    /// <exception cref="OperatingException">The port cannot be had.</exception>
    public static WebListener Open(IPAddress address, int port)
    {
        var opened = new WebListener(address, port);
        try
        {
            opened.listener.Start(WebConsoleLimits.WebConnections);
            return opened;
        }
        catch (SocketException e)
        {
            opened.Dispose();
            throw new OperatingException(
                $"the console cannot listen on {address} port {port} ({e.Message}): choose another console.port, or 0 for a free one"
            );
        }
    }

    public Task StartAsync(MqttServerOptions options, IMqttNetLogger log)
    {
        logger = log;
        _ = AcceptAsync();
        return Task.CompletedTask;
    }

    public Task StopAsync()
    {
        stop.Cancel();
        listener.Stop();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptSocketAsync(stop.Token);
                if (places.Wait(0))
                    _ = ServeAsync(socket);
                else
                    socket.Dispose();
            }
            catch (SocketException) when (!stop.IsCancellationRequested)
            {
                // a peer that left while it waited, or no file handle to spare: neither may end the console
                await Task.Delay(WebConsoleLimits.WebRetryMs, CancellationToken.None);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            limit.CancelAfter(WebConsoleLimits.WebAnswerMs);
            var head = await HttpHead.ReadAsync(stream, limit.Token);
            var answer = WebAnswer.To(head, onLoopback);
            await stream.WriteAsync(answer.Head, limit.Token);
            if (answer.Body.Length > 0)
                await stream.WriteAsync(answer.Body, limit.Token);
            if (answer.IsSocket)
                await EnterBrokerAsync(stream, socket.RemoteEndPoint);
        }
        catch (Exception e)
            when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or WebSocketException)
        {
            // the peer went away or was too slow: its own loss
        }
        finally
        {
            places.Release();
        }
    }

    private async Task EnterBrokerAsync(NetworkStream stream, EndPoint? remote)
    {
        // MQTT has a keep-alive of its own
        using var web = WebSocket.CreateFromStream(
            stream,
            new WebSocketCreationOptions
            {
                IsServer = true,
                SubProtocol = "mqtt",
                KeepAliveInterval = TimeSpan.Zero,
            }
        );
        using var channel = new MqttWebSocketChannel(web, remote, isSecureConnection: false, clientCertificate: null);
        using var client = new MqttChannelAdapter(channel, new MqttPacketFormatterAdapter(new MqttBufferWriter(4096, 65535)), logger);
        if (ClientHandler is { } handler)
            await handler(client);
    }
}
