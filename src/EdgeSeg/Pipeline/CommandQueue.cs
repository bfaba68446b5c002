using EdgeSeg.Messages;
using EdgeSeg.Mqtt;

namespace EdgeSeg.Pipeline;

/// <summary>
/// Receives commands and sends their answers. A command that may be carried out is accepted and waits, in the order of arrival, for
/// <see cref="TryTake"/>; all others are refused at once. Each request is answered once: <c>accepted</c>, then <c>result</c> or
/// <c>error</c>. The same request again (same response topic and id, or correlation data without an id) is not carried out again and gets
/// the same answer again. Any thread; replies are handed over within the lock, so that they keep their order, and the receiver must only
/// copy them.
/// </summary>
internal sealed class CommandQueue : IDisposable
{
    private readonly Lock gate = new();
    private readonly Topics topics;
    private readonly string session;
    private readonly TimeProvider time;
    private readonly Func<bool> clockSynced;
    private readonly Action<Reply> send;
    private readonly Action arrived;
    private readonly JsonBuffer json = new(1024);
    private readonly Queue<PendingCommand> waiting = new(PipelineLimits.CommandQueue);
    private readonly List<PendingCommand> open = new(PipelineLimits.CommandQueue);
    private readonly AnswerMemory answers;
    private bool closed;
    private CommandCounts counts;

    /// <param name="topics">Of this device.</param>
    /// <param name="session">Names this run of the service.</param>
    /// <param name="time">For waiting and remembering.</param>
    /// <param name="clockSynced">Whether <c>expires_at</c> can be checked.</param>
    /// <param name="send">Takes replies.</param>
    /// <param name="arrived">Called after a command was accepted, outside the lock: wakes the taker.</param>
    public CommandQueue(Topics topics, string session, TimeProvider time, Func<bool> clockSynced, Action<Reply> send, Action arrived)
    {
        (this.topics, this.session, this.time, this.clockSynced, this.send, this.arrived) = (
            topics,
            session,
            time,
            clockSynced,
            send,
            arrived
        );
        answers = new AnswerMemory(time);
    }

    public CommandCounts Counts
    {
        get
        {
            lock (gate)
                return counts;
        }
    }

    /// <summary>Commands that wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return waiting.Count;
        }
    }

    /// <summary>Accepts or refuses a received message. Never throws for its content.</summary>
    public void Receive(IncomingMessage message)
    {
        var parsed = CommandParser.Parse(topics, message.Topic, message.Payload);
        bool accepted;
        lock (gate)
            accepted = Decide(message, parsed);
        if (accepted)
            arrived();
    }

    private bool Decide(IncomingMessage message, ParsedCommand parsed)
    {
        var replyTopic = string.IsNullOrEmpty(message.ResponseTopic) ? parsed.ReplyTo : message.ResponseTopic;
        if (replyTopic is not null && ResponseTopic.Fault(topics, replyTopic) is not null)
        {
            // a command whose answer cannot be sent would leave the client in doubt
            counts = counts with
            {
                Refused = counts.Refused + 1,
                Unanswerable = counts.Unanswerable + 1,
            };
            return false;
        }

        var correlation = message.Correlation is { Length: > PipelineLimits.MaxCorrelationBytes } ? null : message.Correlation;
        var key = RequestKey.Of(replyTopic, parsed.Id, correlation);
        if (CommandAdmission.Stale(message) is { } stale)
            return Refuse(stale, parsed, replyTopic, correlation, null);
        if (!ReferenceEquals(correlation, message.Correlation))
            return Refuse(
                CommandError.Bad($"correlation data has at most {PipelineLimits.MaxCorrelationBytes} bytes"),
                parsed,
                replyTopic,
                null,
                null
            );
        if (key is { } known && Repeats(known, parsed, replyTopic!, correlation, out var repeated))
            return repeated;
        if (parsed.Command is not { } command)
            return Refuse(parsed.Error!, parsed, replyTopic, correlation, key);
        var waitMs = CommandAdmission.WaitMs(message, command, clockSynced() ? time.GetUtcNow() : null);
        if (waitMs <= 0)
            return Refuse(
                new CommandError(CommandErrorCode.Expired, "the command had expired on arrival"),
                parsed,
                replyTopic,
                correlation,
                key
            );
        // not remembered: the same may be tried again
        if (closed || open.Count >= PipelineLimits.CommandQueue)
            return Refuse(
                new CommandError(
                    CommandErrorCode.Busy,
                    closed ? "the device is stopping" : $"{open.Count} commands are not answered yet; send it again later"
                ),
                parsed,
                replyTopic,
                correlation,
                null
            );
        Accept(command, waitMs, replyTopic, correlation, key);
        return true;
    }

    /// <summary>True for a repeated request: its answer, or until then its acceptance, was sent again.</summary>
    private bool Repeats(RequestKey key, ParsedCommand parsed, string replyTopic, byte[]? correlation, out bool accepted)
    {
        accepted = false;
        if (!answers.TryFind(key, out var requested, out var payload))
        {
            var at = open.FindIndex(p => p.Key == key);
            if (at < 0)
                return false;
            (requested, payload) = (open[at].Requested, open[at].Accepted);
        }

        if (requested != parsed.Camera + "/" + parsed.Word)
        {
            Refuse(
                CommandError.Bad("this id was used for another command; give each request its own id"),
                parsed,
                replyTopic,
                correlation,
                null
            );
            return true;
        }

        counts = counts with { Repeated = counts.Repeated + 1 };
        send(new Reply(replyTopic, payload, correlation));
        return true;
    }

    private void Accept(CameraCommand command, double waitMs, string? replyTopic, byte[]? correlation, RequestKey? key)
    {
        var pending = new PendingCommand
        {
            Command = command,
            ReceivedAt = time.GetTimestamp(),
            WaitMs = (long)Math.Ceiling(waitMs),
            ReplyTopic = replyTopic,
            Correlation = correlation,
            Key = key,
        };
        open.Add(pending);
        waiting.Enqueue(pending);
        counts = counts with { Accepted = counts.Accepted + 1 };
        if (replyTopic is null)
            return;
        pending.Accepted = ReplyMessage.WriteAccepted(json, topics.Device, session, command).ToArray();
        send(new Reply(replyTopic, pending.Accepted, correlation));
    }

    private bool Refuse(CommandError refusal, ParsedCommand parsed, string? replyTopic, byte[]? correlation, RequestKey? remembered)
    {
        counts = counts with { Refused = counts.Refused + 1 };
        if (replyTopic is null)
            return false;
        var payload = ReplyMessage.WriteError(json, topics.Device, session, parsed.Camera, parsed.Word, parsed.Id, refusal).ToArray();
        if (remembered is { } key)
            answers.Keep(key, parsed.Camera + "/" + parsed.Word, payload);
        send(new Reply(replyTopic, payload, correlation));
        return false;
    }

    /// <summary>
    /// The next command to carry out; those that expired while they waited are answered <c>expired</c>. Allocates nothing
    /// when none waits.
    /// </summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PendingCommand? command)
    {
        lock (gate)
        {
            while (waiting.TryDequeue(out command))
            {
                if (time.GetElapsedTime(command.ReceivedAt).TotalMilliseconds < command.WaitMs)
                    return true;
                Answer(command, new CommandError(CommandErrorCode.Expired, "the command expired while others were carried out"));
            }
        }

        command = null;
        return false;
    }

    /// <summary>Milliseconds since the command was received.</summary>
    public double AgeMs(PendingCommand command) => time.GetElapsedTime(command.ReceivedAt).TotalMilliseconds;

    /// <summary>Answers with a result: for a prompt the mask message's bytes, else those that <see cref="ReplyMessage"/> wrote.</summary>
    /// <param name="command">Taken from here.</param>
    /// <param name="result">A whole JSON object, copied; empty: none.</param>
    /// <param name="maxBytes">Largest payload now; a result beyond it is answered <c>too_large</c>.</param>
    /// <returns>False when it was answered before; then nothing is sent.</returns>
    public bool Complete(PendingCommand command, ReadOnlySpan<byte> result, int maxBytes)
    {
        lock (gate)
        {
            if (command.Answered)
                return false;
            var payload = ReplyMessage.WriteResult(json, topics.Device, session, command.Command, result);
            if (payload.Length > maxBytes)
                return Answer(
                    command,
                    new CommandError(CommandErrorCode.TooLarge, $"the result has {payload.Length} bytes, the broker takes {maxBytes}")
                );
            return Answer(command, payload);
        }
    }

    /// <summary>Answers with an error. False when it was answered before; then nothing is sent.</summary>
    public bool Fail(PendingCommand command, CommandError refusal)
    {
        lock (gate)
            return Answer(command, refusal);
    }

    /// <summary>At the service's end: answers every open command as <c>internal</c> and accepts no more.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            waiting.Clear();
            foreach (var command in open.ToArray())
                Answer(command, new CommandError(CommandErrorCode.Internal, "the device is stopping"));
        }
    }

    private bool Answer(PendingCommand command, CommandError refusal)
    {
        var requested = command.Command;
        counts = counts with { Refused = counts.Refused + (command.Answered ? 0 : 1) };
        // a command answered busy may be sent again under the same id
        return Answer(
            command,
            ReplyMessage.WriteError(json, topics.Device, session, requested.Camera, requested.Word, requested.Id, refusal),
            refusal.Code != CommandErrorCode.Busy
        );
    }

    private bool Answer(PendingCommand command, ReadOnlySpan<byte> written, bool remember = true)
    {
        if (command.Answered)
            return false;
        command.Answered = true;
        open.Remove(command);
        if (command.ReplyTopic is null)
            return true;
        var payload = written.ToArray();
        if (remember && command.Key is { } key)
            answers.Keep(key, command.Requested, payload);
        send(new Reply(command.ReplyTopic, payload, command.Correlation));
        return true;
    }

    public void Dispose()
    {
        Close();
        lock (gate)
            json.Dispose();
    }
}
