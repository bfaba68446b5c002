using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Health;

/// <summary>
/// Does the broker accept this device: connect, subscribe and publish with the settings, secrets and certificates of the service.
/// </summary>
internal static class BrokerCheck
{
    private const string Name = "broker";

    /// <summary>Id of a camera, an alert and a client that no device has.</summary>
    private const string Stranger = "doctor";

    /// <param name="mqtt">Settings.</param>
    /// <param name="topics">Of this device.</param>
    /// <param name="filters">Topic filters that the service subscribes to.</param>
    /// <param name="console">Settings of the console, whose port is checked too.</param>
    /// <param name="discovery">Topic of the discovery message of Home Assistant; null: the device sends none.</param>
    public static Check Examine(
        MqttSettings mqtt,
        Topics topics,
        IReadOnlyList<string> filters,
        ConsoleSettings console,
        string? discovery = null
    )
    {
        string[] retained = [topics.Status, topics.Info, topics.ModelState, .. discovery is null ? Array.Empty<string>() : [discovery]];
        try
        {
            return ExamineAsync(mqtt, topics, filters, retained, console).GetAwaiter().GetResult();
        }
        catch (OperatingException e)
        {
            return Check.Failed(Name, e.Message, "");
        }
    }

    private static async Task<Check> ExamineAsync(
        MqttSettings mqtt,
        Topics topics,
        IReadOnlyList<string> filters,
        string[] retained,
        ConsoleSettings console
    )
    {
        var options = LinkSettings.Options(mqtt, null, topics, FrameId.NewSession());
        if (console.IsListening && PortFault(console.Bind, console.Port) is { } consoleFault && !await IsOurServiceAsync(mqtt, topics))
            return Check.Failed(
                Name,
                $"the console or the metrics cannot listen on {console.Bind} port {console.Port}: {consoleFault}",
                "set console.port to a free port"
            );
        if (!mqtt.IsEmbedded)
            return await ConnectAsync(options, filters, retained);
        if (PortFault(mqtt.Bind, mqtt.EffectivePort) is not { } fault)
            return Check.Ok(Name, $"embedded: {mqtt.Bind} port {mqtt.EffectivePort} is free");
        return await IsOurServiceAsync(mqtt, topics)
            ? Check.Ok(Name, $"embedded: runs in the service of this device on {mqtt.Bind} port {mqtt.EffectivePort}")
            : Check.Failed(
                Name,
                $"embedded: cannot listen on {mqtt.Bind} port {mqtt.EffectivePort}: {fault}",
                "if a broker that the service shall use listens there, set mqtt.host to its address; else set mqtt.port to a free port"
            );
    }

    /// <summary>As the service does it: all that is refused is the finding.</summary>
    private static async Task<Check> ConnectAsync(LinkOptions options, IReadOnlyList<string> filters, string[] retained)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        using var limit = new CancellationTokenSource(options.ConnectTimeout + TimeSpan.FromMilliseconds(MqttLimits.BrokerAnswerMs));
        var where = $"{options.Host}:{options.Port}";
        try
        {
            // a client id of its own: that of the service would end the connection of a running service
            var accepted = await BrokerSession.ConnectAsync(client, options, limit.Token, $"edgeseg-doctor-{options.Session}");
            if (Lacks(accepted) is var (lack, remedy))
                return Check.Failed(Name, $"{where}: {lack}", remedy);
            List<string> refused = [];
            foreach (var filter in filters)
            {
                var granted = await client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce, limit.Token);
                foreach (var item in granted.Items.Where(i => i.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2))
                    refused.Add($"the subscription to {filter} is refused: {ConnectErrors.Describe(item.ResultCode)}");
            }

            foreach (var message in await TriesAsync(client, options.Topics, retained, limit.Token))
            {
                var answer = await client.PublishAsync(message, limit.Token);
                if (!answer.IsSuccess)
                    refused.Add($"publishing to {message.Topic} is refused: {ConnectErrors.Describe(answer.ReasonCode)}");
            }

            if (refused.Count > 0)
                return Check.Failed(
                    Name,
                    $"{where}: {string.Join("; ", refused)}",
                    "allow this in the broker's access list; deploy/mosquitto/edgeseg.acl lists all topics"
                );
            var secured = options.Tls is null ? "" : " over TLS";
            var unknown =
                options.Protocol == MqttProtocol.V5 ? "" : " (with MQTT 3.1.1 it does not say which messages its access list refuses)";
            return Check.Ok(Name, $"{where} accepts the connection{secured}, the subscriptions and the messages{unknown}");
        }
        catch (Exception e) when (e is not OperatingException)
        {
            // whatever the library throws while talking (socket, protocol, time)
            return Check.Failed(Name, $"{where}: {ConnectErrors.Describe(e, null)}", "check the network and the log of the broker");
        }
    }

    /// <summary>
    /// A message to each kind of topic that a device publishes. They change nothing: empty ones to a camera, an alert and a client that no
    /// device has, and to the device's own topics what they hold already. Telemetry is not tried: it is not retained, so that any message
    /// would be news to its readers.
    /// </summary>
    private static async Task<List<MqttApplicationMessage>> TriesAsync(
        IMqttClient client,
        Topics topics,
        string[] retained,
        CancellationToken cancel
    )
    {
        var camera = new CameraTopics(topics.Root, Stranger);
        string[] foreign =
        [
            topics.Reply(Stranger),
            topics.Alert(Stranger),
            camera.State,
            camera.Mask,
            camera.Track(Stranger),
            camera.Preview,
            camera.Overlay,
        ];
        // retained and empty: it shows that retained messages are accepted, and leaves none
        return
        [
            .. foreign.Select(t => Try(t, [], isRetained: true)),
            .. (await HeldAsync(client, retained, cancel)).Select(h => Try(h.Key, h.Value, isRetained: false)),
        ];

        static MqttApplicationMessage Try(string topic, byte[] payload, bool isRetained) =>
            new()
            {
                Topic = topic,
                Payload = new ReadOnlySequence<byte>(payload),
                Retain = isRetained,
                QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
            };
    }

    /// <summary>
    /// What retained topics hold, empty for nothing. A topic that may not be read is left out: it is unknown what would change it.
    /// </summary>
    private static async Task<Dictionary<string, byte[]>> HeldAsync(IMqttClient client, string[] topics, CancellationToken cancel)
    {
        var held = new ConcurrentDictionary<string, byte[]>(StringComparer.Ordinal);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.ApplicationMessageReceivedAsync += ReceiveAsync;
        List<string> readable = [];
        foreach (var topic in topics)
        {
            var granted = await client.SubscribeAsync(topic, MqttQualityOfServiceLevel.AtLeastOnce, cancel);
            if (granted.Items.All(i => i.ResultCode <= MqttClientSubscribeResultCode.GrantedQoS2))
                readable.Add(topic);
        }

        // no broker reports that nothing is retained
        await Task.WhenAny(all.Task, Task.Delay(HealthLimits.RetainedWaitMs, cancel));
        client.ApplicationMessageReceivedAsync -= ReceiveAsync;
        return readable.ToDictionary(t => t, t => held.GetValueOrDefault(t, []));

        Task ReceiveAsync(MqttApplicationMessageReceivedEventArgs received)
        {
            var message = received.ApplicationMessage;
            if (topics.Contains(message.Topic, StringComparer.Ordinal))
                held[message.Topic] = message.Payload.ToArray();
            if (held.Count == topics.Length)
                all.TrySetResult();
            return Task.CompletedTask;
        }
    }

    /// <summary>What the service needs and the broker says that it has not, with the remedy.</summary>
    private static (string Finding, string Remedy)? Lacks(MqttClientConnectResult broker)
    {
        if (!broker.RetainAvailable)
            return ("the broker does not keep retained messages, which the service needs", "allow them (mosquitto: retain_available true)");
        return broker.MaximumPacketSize is { } most and > 0 and < HealthLimits.SmallestPacketBytes
            ? (
                $"the broker accepts at most {most} bytes a message, and masks and info are larger",
                $"allow at least {HealthLimits.SmallestPacketBytes} (mosquitto: max_packet_size), better the default"
            )
            : null;
    }

    /// <summary>Why nothing can listen there; null: a listener was opened and closed.</summary>
    private static string? PortFault(string address, int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Parse(address), port);
            listener.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there",
                SocketError.AddressNotAvailable => "this machine does not have the address",
                SocketError.AccessDenied => "this user may not listen on the port",
                _ => e.Message,
            };
        }
    }

    /// <summary>The broker has the status of this device, and it runs.</summary>
    private static async Task<bool> IsOurServiceAsync(MqttSettings mqtt, Topics topics)
    {
        var here = mqtt.IsEmbedded ? Embedded(mqtt) : mqtt;
        using var client = new MqttClientFactory().CreateMqttClient();
        using var limit = new CancellationTokenSource(HealthLimits.DoctorConnectTimeoutMs);
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.ApplicationMessageReceivedAsync += received =>
        {
            if (StatusMessage.TryRead(received.ApplicationMessage.Payload) is { IsAtWork: true })
                seen.TrySetResult();
            return Task.CompletedTask;
        };
        try
        {
            var options = LinkSettings.Options(here, null, topics, FrameId.NewSession());
            await BrokerSession.ConnectAsync(client, options, limit.Token, $"edgeseg-doctor-{options.Session}");
            await client.SubscribeAsync(topics.Status, MqttQualityOfServiceLevel.AtLeastOnce, limit.Token);
            await seen.Task.WaitAsync(limit.Token);
            return true;
        }
        catch (Exception e) when (e is OperatingException or OperationCanceledException or MQTTnet.Exceptions.MqttCommunicationException)
        {
            return false;
        }
    }

    /// <summary>How a client on this machine reaches the embedded broker.</summary>
    private static MqttSettings Embedded(MqttSettings mqtt)
    {
        var bind = IPAddress.Parse(mqtt.Bind);
        return new MqttSettings
        {
            Host = (
                bind.Equals(IPAddress.Any) ? IPAddress.Loopback
                : bind.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
                : bind
            ).ToString(),
            Port = mqtt.EffectivePort,
            Username = mqtt.Username,
            PasswordFile = mqtt.PasswordFile,
        };
    }
}
