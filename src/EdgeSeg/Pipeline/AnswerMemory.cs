namespace EdgeSeg.Pipeline;

/// <summary>The requester and its request. Two clients may use the same ids.</summary>
internal readonly record struct RequestKey(string Topic, string Request)
{
    /// <summary>
    /// Null when the request cannot be identified: it has neither an id nor correlation data, or no response topic.
    /// </summary>
    public static RequestKey? Of(string? topic, string? id, byte[]? correlation)
    {
        if (topic is null)
            return null;
        if (id is not null)
            return new RequestKey(topic, "i" + id);
        return correlation is { Length: > 0 } ? new RequestKey(topic, "c" + Convert.ToHexStringLower(correlation)) : null;
    }
}

/// <summary>
/// Answers that were sent, for repeated requests: bounded in number, bytes and time; the oldest are dropped first.
/// </summary>
internal sealed class AnswerMemory(TimeProvider time)
{
    private readonly Dictionary<RequestKey, Answer> answers = [];
    private readonly Queue<(RequestKey Key, long At)> order = [];

    private sealed record Answer(string Requested, byte[] Payload);

    public int Count => answers.Count;

    /// <summary>Of the payloads.</summary>
    public int Bytes { get; private set; }

    /// <param name="key">The request.</param>
    /// <param name="requested">Camera and command, to distinguish a repeat from an id used twice.</param>
    /// <param name="payload">The answer.</param>
    public void Keep(RequestKey key, string requested, byte[] payload)
    {
        DropExpired();
        if (payload.Length > PipelineLimits.AnswerBytes || !answers.TryAdd(key, new Answer(requested, payload)))
            return;
        order.Enqueue((key, time.GetTimestamp()));
        Bytes += payload.Length;
        while (answers.Count > PipelineLimits.AnswersKept || Bytes > PipelineLimits.AnswerBytes)
            DropOldest();
    }

    public bool TryFind(RequestKey key, out string requested, out byte[] payload)
    {
        DropExpired();
        var found = answers.TryGetValue(key, out var answer);
        (requested, payload) = found ? (answer!.Requested, answer.Payload) : ("", []);
        return found;
    }

    private void DropExpired()
    {
        while (order.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At).TotalMilliseconds >= PipelineLimits.AnswerKeptMs)
            DropOldest();
    }

    private void DropOldest()
    {
        if (answers.Remove(order.Dequeue().Key, out var answer))
            Bytes -= answer.Payload.Length;
    }
}
