using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.WebConsole;

/// <summary>What the page needs to know before it connects; it reads it from <see cref="Path"/>.</summary>
/// <param name="BrokerUrl">WebSocket address of the broker; empty: the embedded broker, on the page's own listener.</param>
/// <param name="TopicPrefix">First level or levels of every topic.</param>
/// <param name="Device">Id of the device that serves the page, which opens that device first; empty: no particular one.</param>
internal sealed record PageSettings(string BrokerUrl = "", string TopicPrefix = MqttSettings.DefaultTopicPrefix, string Device = "")
{
    public const string Path = "/settings.json";

    /// <summary>The file's content.</summary>
    public byte[] ToJson()
    {
        using var buffer = new JsonBuffer(256);
        var json = buffer.Begin();
        json.WriteString("broker_url"u8, BrokerUrl);
        json.WriteString("topic_prefix"u8, TopicPrefix);
        json.WriteString("device"u8, Device);
        return buffer.End().ToArray();
    }

    /// <summary>What the page may connect to besides its own origin, as a source of a Content-Security-Policy; empty: nothing.</summary>
    public string ConnectSource => BrokerUrl.Length == 0 ? "" : " " + new Uri(BrokerUrl).GetLeftPart(UriPartial.Authority);
}
