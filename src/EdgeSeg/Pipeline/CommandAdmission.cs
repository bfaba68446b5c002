using EdgeSeg.Messages;
using EdgeSeg.Mqtt;

namespace EdgeSeg.Pipeline;

/// <summary>Whether, and for how long, a command may be carried out, by the properties of its message.</summary>
internal static class CommandAdmission
{
    /// <summary>
    /// What is refused whatever its content; never remembered, since a broker repeats a retained command with every connection.
    /// </summary>
    public static CommandError? Stale(IncomingMessage message)
    {
        if (message.Retained)
            return new CommandError(
                CommandErrorCode.Retained,
                "retained commands are refused; publish without the retain flag, and clear the topic with an empty retained message"
            );
        return message.TooLarge
            ? new CommandError(CommandErrorCode.TooLarge, $"a command has at most {MessageLimits.MaxCommandBytes} bytes")
            : null;
    }

    /// <summary>How long the command may wait: by the message's expiry (which the broker counts down), by its own, and by ours.</summary>
    /// <param name="message">For its expiry.</param>
    /// <param name="command">For the expiry in its body.</param>
    /// <param name="now">Null while the clock cannot be trusted: then the body's expiry is not checked.</param>
    public static double WaitMs(IncomingMessage message, CameraCommand command, DateTimeOffset? now)
    {
        double ms = message.ExpiryS > 0 ? message.ExpiryS * 1000.0 : PipelineLimits.CommandWaitMs;
        if (command.ExpiresUtc is { } expires && now is { } clock)
            ms = Math.Min(ms, (expires - clock).TotalMilliseconds);
        return Math.Min(ms, PipelineLimits.CommandWaitMs);
    }
}
