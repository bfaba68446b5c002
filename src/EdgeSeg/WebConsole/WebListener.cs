using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Platform;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.Server;

namespace EdgeSeg.WebConsole;

/// <summary>
/// The HTTP listener of the console: serves the files of the page, passes its WebSocket (path <c>/mqtt</c>, subprotocol <c>mqtt</c>) to the
/// embedded broker where there is one, and serves metrics. One request for each connection; connections, the size of a head and its time
/// are bounded.
/// </summary>
internal sealed class WebListener : IMqttServerAdapter
{
    public const string SocketPath = "/mqtt";
    public const string MetricsPath = "/metrics";

    private readonly TcpListener listener;
    private readonly bool onLoopback;
    private readonly PageSettings? page;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim places = new(WebConsoleLimits.WebConnections);
    private IMqttNetLogger logger = MqttNetNullLogger.Instance;

    private WebListener(IPAddress address, int port, PageSettings? page)
    {
        this.page = page;
        listener = new TcpListener(address, port);
        onLoopback = IPAddress.IsLoopback(address);
    }

    /// <summary>Set by the broker; takes a client and returns when that is gone.</summary>
    public Func<IMqttChannelAdapter, Task>? ClientHandler { get; set; }

    /// <summary>Where it listens; the port is the one found where 0 was asked for.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>Takes the port; connections wait until the broker starts. Port 0 takes a free one.</summary>
    /// <param name="address">Address on which it listens.</param>
    /// <param name="port">Its port; 0: a free one.</param>
    /// <param name="page">Settings of the page that is served; null: metrics only.</param>
    /// <exception cref="OperatingException">The port is not available.</exception>
    public static WebListener Open(IPAddress address, int port, PageSettings? page)
    {
        var opened = new WebListener(address, port, page);
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

    /// <summary>Served at <see cref="MetricsPath"/>; null: not served.</summary>
    public PrometheusMetrics? Metrics { get; set; }

    /// <summary>Begins to serve without a broker.</summary>
    public void Start() => _ = AcceptAsync();

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
                // a peer that disconnected while it waited, or no free file handle: the listener goes on
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
            var answer = WebAnswer.To(head, onLoopback, page, Metrics);
            await stream.WriteAsync(answer.Head, limit.Token);
            if (answer.Body.Length > 0)
                await stream.WriteAsync(answer.Body, limit.Token);
            if (answer.IsSocket)
                await EnterBrokerAsync(stream, socket.RemoteEndPoint);
        }
        catch (Exception e)
            when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or WebSocketException)
        {
            // the peer disconnected or was too slow
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
