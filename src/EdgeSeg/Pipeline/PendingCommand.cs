using EdgeSeg.Messages;

namespace EdgeSeg.Pipeline;

/// <summary>Commands since the start, by what became of them.</summary>
internal readonly record struct CommandCounts(long Accepted, long Refused, long Repeated, long Unanswerable);

/// <summary>A reply to be sent, QoS 1. The bytes do not change.</summary>
internal sealed record Reply(string Topic, byte[] Payload, byte[]? Correlation);

/// <summary>A command that was accepted and not answered yet. Its taker answers it, whatever happens.</summary>
internal sealed class PendingCommand
{
    public required CameraCommand Command { get; init; }

    /// <summary>When it was received, as a timestamp of the queue's clock; its latency counts from here.</summary>
    public required long ReceivedAt { get; init; }

    internal required long WaitMs { get; init; }

    /// <summary>Null: no reply is requested.</summary>
    internal required string? ReplyTopic { get; init; }

    internal required byte[]? Correlation { get; init; }

    internal required RequestKey? Key { get; init; }

    /// <summary>Sent again for a repeat that arrives before the answer.</summary>
    internal byte[] Accepted { get; set; } = [];

    internal bool Answered { get; set; }

    internal string Requested => Command.Camera + "/" + Command.Word;
}
