using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;

namespace EdgeSeg.Service;

/// <summary>
/// Passes each received message to its consumer: the model updates, Home Assistant's start, or the command queue. Called on the MQTT
/// client's thread.
/// </summary>
internal sealed class MessageRouter
{
    private readonly Topics topics;
    private readonly ModelUpdates? updates;
    private readonly string? birthTopic;

    public MessageRouter(Settings settings, Topics topics, ModelUpdates? updates)
    {
        (this.topics, this.updates) = (topics, updates);
        birthTopic = settings.HomeAssistant.Enabled ? HomeAssistantMessage.BirthTopic(settings.HomeAssistant.Prefix) : null;
    }

    /// <summary>Set before the link starts.</summary>
    public CommandQueue? Commands { get; set; }

    /// <summary>Home Assistant has started and needs the device's description again. Set before the link starts.</summary>
    public Action? HomeAssistantStarted { get; set; }

    /// <summary>Topic filters that the link of a service with these settings subscribes to.</summary>
    public static IReadOnlyList<string> Filters(Settings settings, Topics topics) =>
        [
            topics.AllCommands,
            .. settings.Update.Enabled ? ModelUpdates.Filters(settings, topics) : [],
            .. settings.HomeAssistant.Enabled ? [HomeAssistantMessage.BirthTopic(settings.HomeAssistant.Prefix)] : Array.Empty<string>(),
        ];

    public void Receive(IncomingMessage message)
    {
        if (updates?.Received(message, topics) == true)
            return;
        if (message.Topic != birthTopic)
            Commands?.Receive(message);
        else if (message.Payload.AsSpan().SequenceEqual("online"u8))
            HomeAssistantStarted?.Invoke();
    }
}
