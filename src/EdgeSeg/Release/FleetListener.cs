using System.Buffers;
using System.Threading.Channels;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Release;

/// <summary>The retained topics of a device that an operator reads.</summary>
internal enum FleetTopic
{
    ModelState,
    Info,
    Status,
}

/// <summary>A message of a device.</summary>
/// <param name="Device">From the topic, which the broker's access rules protect.</param>
/// <param name="Topic">Which one it came on.</param>
/// <param name="Payload">Its JSON; empty: the topic was cleared.</param>
/// <param name="IsRetained">It was on the broker before; a device that publishes now sends others.</param>
internal sealed record FleetNews(string Device, FleetTopic Topic, ReadOnlyMemory<byte> Payload, bool IsRetained);

/// <summary>Receives retained topics of devices. The channel ends when the connection does.</summary>
internal sealed class FleetListener : IDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();

    // bounded: the broker waits while the reader is behind
    private readonly Channel<FleetNews> news = Channel.CreateBounded<FleetNews>(
        new BoundedChannelOptions(ReleaseLimits.FleetQueue) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true }
    );

    private readonly string root;

    /// <param name="root">Prefix and version of the topics, with the slash at its end.</param>
    private FleetListener(string root)
    {
        this.root = root;
        client.ApplicationMessageReceivedAsync += ReceiveAsync;
        client.DisconnectedAsync += _ =>
        {
            news.Writer.TryComplete();
            return Task.CompletedTask;
        };
    }

    public ChannelReader<FleetNews> News => news.Reader;

    /// <summary>
    /// Connects and subscribes, at QoS 0: brokers bound the QoS 1 messages that they queue for one client (mosquitto: 1000) and would drop
    /// the retained messages of a large fleet.
    /// </summary>
    /// <param name="options">The broker.</param>
    /// <param name="devices">The devices to receive from; empty: all.</param>
    /// <param name="topics">The topics to subscribe to.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperatingException">The broker cannot be reached, or refuses.</exception>
    public static async Task<FleetListener> ConnectAsync(
        LinkOptions options,
        IReadOnlyCollection<string> devices,
        IReadOnlyCollection<FleetTopic> topics,
        CancellationToken cancel
    )
    {
        var listener = new FleetListener(Topics.Below(options.Topics.Prefix));
        try
        {
            await BrokerSession.ConnectAsync(listener.client, options, cancel);
            foreach (var topic in topics)
            {
                foreach (var device in devices.Count == 0 ? ["+"] : devices)
                    await listener.SubscribeAsync($"{listener.root}{device}/{Levels(topic)}", cancel);
            }

            return listener;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            listener.Dispose();
            if (e is OperatingException)
                throw;
            throw new OperatingException(
                $"the broker {options.Host}:{options.Port} did not accept the subscription: {ConnectErrors.Describe(e, null)}"
            );
        }
    }

    public void Dispose()
    {
        news.Writer.TryComplete();
        client.Dispose();
    }

    private async Task SubscribeAsync(string topic, CancellationToken cancel)
    {
        var filter = new MqttClientSubscribeOptionsBuilder().WithTopicFilter(topic, MqttQualityOfServiceLevel.AtMostOnce).Build();
        var answer = await client.SubscribeAsync(filter, cancel);
        if (answer.Items.FirstOrDefault(i => i.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2) is { } refused)
            throw new OperatingException(
                $"the broker refuses the subscription to {topic} ({refused.ResultCode}): this user "
                    + "may not read there; see deploy/mosquitto/edgeseg.acl"
            );
    }

    private static string Levels(FleetTopic topic) =>
        topic switch
        {
            FleetTopic.ModelState => "model/state",
            FleetTopic.Info => "info",
            _ => "status",
        };

    private async Task ReceiveAsync(MqttApplicationMessageReceivedEventArgs incoming)
    {
        var message = incoming.ApplicationMessage;
        if (!message.Topic.StartsWith(root, StringComparison.Ordinal))
            return;
        var levels = message.Topic[root.Length..].Split('/');
        FleetTopic? topic = levels switch
        {
            [_, "model", "state"] => FleetTopic.ModelState,
            [_, "info"] => FleetTopic.Info,
            [_, "status"] => FleetTopic.Status,
            _ => null,
        };
        if (topic is not { } known || message.Payload.Length > ReleaseLimits.MaxDeviceMessageBytes)
            return;
        var device = levels[0];
        if (!Identifier.IsValid(device))
            return;
        try
        {
            await news.Writer.WriteAsync(new FleetNews(device, known, message.Payload.ToArray(), message.Retain));
        }
        catch (ChannelClosedException)
        {
            // the reader has ended
        }
    }
}
