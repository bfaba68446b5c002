using EdgeSeg.Messages;

namespace EdgeSeg.Pipeline;

/// <summary>A reply to be sent, QoS 1. The bytes belong to nobody and do not change.</summary>
internal sealed record Reply(string Topic, byte[] Payload, byte[]? Correlation);

/// <summary>A command that was accepted and not answered yet. Whoever takes it from the desk answers it, whatever happens.</summary>
internal sealed class PendingCommand
{
    public required CameraCommand Command { get; init; }

    /// <summary>When it came, as a timestamp of the desk's clock: latency counts from here.</summary>
    public required long ReceivedAt { get; init; }

    internal required long WaitMs { get; init; }

    /// <summary>Null: nobody waits for a reply.</summary>
    internal required string? ReplyTopic { get; init; }

    internal required byte[]? Correlation { get; init; }

    internal required RequestKey? Key { get; init; }

    /// <summary>Given again to a repeat that comes before the answer.</summary>
    internal byte[] Accepted { get; set; } = [];

    internal bool Answered { get; set; }

    internal string Asked => Command.Camera + "/" + Command.Word;
}
