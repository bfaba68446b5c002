using EdgeSeg.Platform;

namespace EdgeSeg.Messages;

/// <summary>
/// Where a client may have its replies sent. A device writes where its client could perhaps not write itself, so it must not be talked into
/// commanding another device: of everything below <c>edgeseg/</c> only this device's own <c>reply/</c> is allowed, and no topic that begins
/// with <c>$</c>.
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
        // without regard to case, as some bridges change it
        return
            topic.Equals("edgeseg", StringComparison.OrdinalIgnoreCase) || topic.StartsWith("edgeseg/", StringComparison.OrdinalIgnoreCase)
            ? $"of the topics below edgeseg/ only {own}<client> takes replies"
            : null;
    }

    /// <summary>
    /// The topic that <c>reply_to</c> in a body means: an id stands for <c>reply/&lt;id&gt;</c> of this device, anything else is a whole
    /// topic.
    /// </summary>
    public static string Expand(Topics topics, string replyTo) => Identifier.IsValid(replyTo) ? topics.Reply(replyTo) : replyTo;
}
