using EdgeSeg.Configuration;
using EdgeSeg.Platform;

namespace EdgeSeg.Messages;

/// <summary>
/// Where a client may have its replies sent. A device writes where its client could perhaps not write itself, so it must not be talked into
/// commanding another device: of everything below the topic prefix and below <c>edgeseg/</c> only this device's own <c>reply/</c> is
/// allowed, no command of a device with another prefix, and no topic that begins with <c>$</c>.
/// </summary>
internal static class ResponseTopic
{
    /// <summary>Null when replies may go there, else why not.</summary>
    public static string? Fault(Topics topics, string topic)
    {
        if (topic.Length is 0 or > MessageLimits.MaxReplyTopicLength)
            return $"a response topic has 1 to {MessageLimits.MaxReplyTopicLength} characters";
        if (topic.AsSpan().ContainsAny('+', '#'))
            return "a response topic has no wildcards";
        foreach (var c in topic)
        {
            if (char.IsControl(c) || char.IsSurrogate(c))
                return "a response topic has neither control characters nor any beyond the basic plane";
        }

        if (topic[0] == '$')
            return "a response topic does not begin with $";
        var own = topics.Root + "reply/";
        if (topic.StartsWith(own, StringComparison.Ordinal) && topic.Length > own.Length)
            return null;
        if (topics.Prefix != MqttSettings.DefaultTopicPrefix && IsBelow(topic, topics.Prefix))
            return $"of the topics below {topics.Prefix}/ only {own}<client> takes replies";
        if (IsBelow(topic, MqttSettings.DefaultTopicPrefix))
            return $"of the topics below {MqttSettings.DefaultTopicPrefix}/ only {own}<client> takes replies";
        return topic.Split('/') is [.., "v1", _, "cam", _, "cmd", _] ? "a response topic is no command to a device" : null;
    }

    /// <summary>Without regard to case, as some bridges change it.</summary>
    private static bool IsBelow(string topic, string prefix) =>
        topic.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (topic.Length == prefix.Length || topic[prefix.Length] == '/');

    /// <summary>
    /// The topic that <c>reply_to</c> in a body means: an id means <c>reply/&lt;id&gt;</c> of this device, anything else is a whole
    /// topic.
    /// </summary>
    public static string Expand(Topics topics, string replyTo) => Identifier.IsValid(replyTo) ? topics.Reply(replyTo) : replyTo;
}
