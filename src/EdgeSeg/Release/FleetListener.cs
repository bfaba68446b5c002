using System.Buffers;
using System.Threading.Channels;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Release;

/// <summary>News of a device; <see cref="State"/> null: its state was cleared.</summary>
internal sealed record FleetNews(string Device, DeviceModelState? State);

/// <summary>Hears the <c>model/state</c> of devices. The channel ends when the connection does.</summary>
internal sealed class FleetListener : IDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();

    // bounded: the broker waits while the reader is behind
    private readonly Channel<FleetNews> news = Channel.CreateBounded<FleetNews>(
        new BoundedChannelOptions(ReleaseLimits.FleetQueue) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true }
    );

    private FleetListener()
    {
        client.ApplicationMessageReceivedAsync += TakeAsync;
        client.DisconnectedAsync += _ =>
        {
            news.Writer.TryComplete();
            return Task.CompletedTask;
        };
    }

    public ChannelReader<FleetNews> News => news.Reader;

    /// <param name="options">The broker.</param>
    /// <param name="devices">Those to hear; empty: all.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperatingException">The broker cannot be reached, or refuses.</exception>
    public static async Task<FleetListener> ConnectAsync(LinkOptions options, IReadOnlyCollection<string> devices, CancellationToken cancel)
    {
        var listener = new FleetListener();
        try
        {
            await BrokerSession.ConnectAsync(listener.client, options, cancel);
            foreach (var device in devices.Count == 0 ? ["+"] : devices)
            {
                var filter = new MqttClientSubscribeOptionsBuilder()
                    .WithTopicFilter($"edgeseg/v1/{device}/model/state", MqttQualityOfServiceLevel.AtLeastOnce)
                    .Build();
                var answer = await listener.client.SubscribeAsync(filter, cancel);
                if (answer.Items.FirstOrDefault(i => i.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2) is { } refused)
                    throw new OperatingException(
                        $"the broker refuses edgeseg/v1/{device}/model/state: {refused.ResultCode}: this user may not read there; see deploy/mosquitto/edgeseg.acl"
                    );
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

    private async Task TakeAsync(MqttApplicationMessageReceivedEventArgs incoming)
    {
        var message = incoming.ApplicationMessage;
        var levels = message.Topic.Split('/');
        if (levels is not ["edgeseg", "v1", var device, "model", "state"] || !Identifier.IsValid(device))
            return;
        if (message.Payload.Length > ReleaseLimits.MaxModelStateBytes)
            return;
        var state = message.Payload.Length == 0 ? null : DeviceModelState.TryRead(device, message.Payload.ToArray());
        if (state is null && message.Payload.Length > 0)
            return;
        try
        {
            // the broker waits while the reader is behind: nothing is lost
            await news.Writer.WriteAsync(new FleetNews(device, state));
        }
        catch (ChannelClosedException)
        {
            // nobody listens any more
        }
    }
}
