using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace EdgeSeg.Mqtt;

/// <summary>
/// An MQTT broker inside the process, for a demo or a robot that has none. It listens on loopback; any other address needs a user and a
/// password. Clients, messages that wait for them, message size and retained topics are bounded; nothing is kept over a restart.
/// </summary>
internal sealed class EmbeddedBroker : IAsyncDisposable
{
    private readonly MqttServer server;
    private readonly MqttServerOptions options;
    private readonly byte[]? userHash,
        passwordHash;
    private readonly ConcurrentDictionary<string, bool> retained = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Client, string Filter), bool> subscriptions = new();
    private int clients;

    private EmbeddedBroker(IPAddress address, int port, string? user, string? password, IMqttServerAdapter? console)
    {
        if (!string.IsNullOrEmpty(user) && !string.IsNullOrEmpty(password))
            (userHash, passwordHash) = (Hash(user), Hash(password));
        var factory = new MqttServerFactory();
        options = factory
            .CreateServerOptionsBuilder()
            .WithDefaultEndpoint()
            .WithDefaultEndpointPort(port)
            .WithDefaultEndpointBoundIPAddress(Is4(address) ? address : IPAddress.None)
            .WithDefaultEndpointBoundIPV6Address(Is4(address) ? IPAddress.None : address)
            .WithDefaultCommunicationTimeout(TimeSpan.FromMilliseconds(MqttLimits.BrokerAnswerMs))
            .WithMaxPendingMessagesPerClient(MqttLimits.BrokerPendingMessages)
            .WithPendingMessagesOverflowStrategy(MqttPendingMessagesOverflowStrategy.DropOldestQueuedMessage)
            .Build();
        options.DefaultEndpointOptions.ConnectionBacklog = WebConsoleLimits.BrokerClients;
        var sockets = factory.DefaultServerAdapters.Select(create => create(factory));
        server = factory.CreateMqttServer(
            options,
            [.. (console is null ? sockets : sockets.Append(console)).Select(d => new ClientIdAssigningAdapter(d))]
        );
        server.ValidatingConnectionAsync += Validate;
        server.ClientConnectedAsync += _ => Count(1);
        server.ClientDisconnectedAsync += _ => Count(-1);
        server.InterceptingPublishAsync += Intercept;
        server.ClientSubscribedTopicAsync += e =>
        {
            if (subscriptions.Count < MqttLimits.BrokerSubscriptions)
                subscriptions.TryAdd((e.ClientId, e.TopicFilter.Topic), true);
            return Task.CompletedTask;
        };
        server.ClientUnsubscribedTopicAsync += e =>
        {
            subscriptions.TryRemove((e.ClientId, e.TopicFilter), out _);
            return Task.CompletedTask;
        };
        Address = address;
    }

    public IPAddress Address { get; }

    /// <summary>The port listened on; the one found where 0 was asked for.</summary>
    public int Port => options.DefaultEndpointOptions.Port;

    /// <summary>Whether a client is subscribed to a filter that this topic matches.</summary>
    public bool HasSubscriber(string topic) => subscriptions.Keys.Any(s => Matches(topic.Split('/'), s.Filter.Split('/')));

    private static bool Matches(string[] topic, string[] filter)
    {
        for (var i = 0; i < filter.Length; i++)
        {
            if (filter[i] == "#")
                return true;
            if (i == topic.Length || (filter[i] != "+" && filter[i] != topic[i]))
                return false;
        }

        return filter.Length == topic.Length;
    }

    /// <summary>Clients connected now.</summary>
    public int Clients => Volatile.Read(ref clients);

    /// <summary>Starts to listen. Port 0 takes a free one.</summary>
    /// <param name="address">Where to listen.</param>
    /// <param name="port">Its port.</param>
    /// <param name="user">With a password: who may come in.</param>
    /// <param name="password">Null: everyone may.</param>
    /// <param name="console">A second listener, the console's WebSocket, owned by the broker. The rules on passwords
    /// and clients hold there too.</param>
    /// <exception cref="OperatingException">An address that others can reach without a user and a password, or a port that cannot be
    /// had.</exception>
    public static async Task<EmbeddedBroker> StartAsync(
        IPAddress address,
        int port,
        string? user = null,
        string? password = null,
        IMqttServerAdapter? console = null
    )
    {
        if (!IPAddress.IsLoopback(address) && (string.IsNullOrEmpty(user) || string.IsNullOrEmpty(password)))
            throw new OperatingException(
                $"the embedded broker does not listen on {address} without a user and a password: set both, or " + "listen on 127.0.0.1",
                2
            );
        var broker = new EmbeddedBroker(address, port, user, password, console);
        try
        {
            await broker.server.StartAsync();
            return broker;
        }
        catch (Exception e)
        {
            broker.server.Dispose();
            throw new OperatingException(Refusal(address, port, e));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(new MqttServerStopOptions());
        server.Dispose();
    }

    /// <summary>A port in use is mostly a broker that was installed beside the service.</summary>
    private static string Refusal(IPAddress address, int port, Exception e)
    {
        if (e is not SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            return $"the embedded broker cannot listen on {address} port {port} ({e.Message}): set mqtt.bind to an address of this "
                + "device, and mqtt.port to a port that the service may use";
        var host = IPAddress.IsLoopback(address) ? address : IPAddress.Loopback;
        return $"the embedded broker cannot listen on {address} port {port}: another program listens there already. If it is a broker "
            + $"(mosquitto, for example) that the service shall use, set mqtt.host = \"{host}\"; else set mqtt.port to a free port. "
            + $"`ss -ltnp 'sport = :{port}'` shows the program";
    }

    private static bool Is4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private Task Count(int change)
    {
        Interlocked.Add(ref clients, change);
        return Task.CompletedTask;
    }

    private Task Validate(ValidatingConnectionEventArgs connection)
    {
        // for version 5; ClientIdAssigningAdapter does it for 3.1.1, whose answer has no place for an id
        if (string.IsNullOrEmpty(connection.ClientId))
            connection.AssignedClientIdentifier = ClientIdAssigningAdapter.NewName();
        if (Clients >= WebConsoleLimits.BrokerClients)
        {
            connection.ReasonCode = MqttConnectReasonCode.QuotaExceeded;
        }
        else if (passwordHash is not null)
        {
            // hashes have one length and both are always compared, so the time reveals nothing
            var user = CryptographicOperations.FixedTimeEquals(Hash(connection.UserName ?? ""), userHash);
            var password = CryptographicOperations.FixedTimeEquals(SHA256.HashData(connection.RawPassword ?? []), passwordHash);
            if (!(user & password))
                connection.ReasonCode = MqttConnectReasonCode.BadUserNameOrPassword;
        }

        return Task.CompletedTask;
    }

    private Task Intercept(InterceptingPublishEventArgs publish)
    {
        var message = publish.ApplicationMessage;
        var refused = message.Payload.Length > MessageLimits.MaxMessageBytes;
        if (!refused && message.Retain)
        {
            if (message.Payload.Length == 0)
                retained.TryRemove(message.Topic, out _);
            else if (!retained.ContainsKey(message.Topic))
                refused = retained.Count >= MqttLimits.BrokerRetainedTopics || !retained.TryAdd(message.Topic, true);
        }

        if (refused)
        {
            publish.ProcessPublish = false;
            publish.Response.ReasonCode = MqttPubAckReasonCode.QuotaExceeded;
        }

        return Task.CompletedTask;
    }
}
