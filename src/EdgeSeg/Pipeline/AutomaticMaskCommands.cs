using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.AutomaticMasks;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The <c>everything</c> command in progress, one at a time: it starts, advances in slices, publishes its masks as fast as the outbox has
/// room, and is answered. Belongs to the inference thread.
/// </summary>
/// <param name="queue">Takes the answers.</param>
/// <param name="model">The model in use.</param>
/// <param name="publisher">Takes the masks.</param>
/// <param name="sink">For the size of messages, and for room.</param>
/// <param name="session">Names this run of the service.</param>
/// <param name="time">Clock of the slices.</param>
internal sealed class AutomaticMaskCommands(
    CommandQueue queue,
    ActiveModel model,
    MaskPublisher publisher,
    IMessageSink sink,
    string session,
    TimeProvider time
) : IDisposable
{
    private readonly JsonBuffer json = new(1024);
    private AutomaticMaskJob? job;

    /// <summary>The command in progress; null: none.</summary>
    public PendingCommand? Command => job?.Command;

    /// <summary>Starts on the picture; while another one is in progress, the command is answered <c>busy</c>.</summary>
    public void Begin(PendingCommand command, CameraPipeline camera, Picture picture)
    {
        if (job is null)
            job = new AutomaticMaskJob(
                command,
                camera,
                picture.Frame,
                model.Segmenter,
                AutomaticMaskOptions.For(model.Model.Thresholds) with
                {
                    PointsPerSide = command.Command.AutomaticMasks!.Grid,
                },
                model.DetachEmbedding(),
                time
            );
        else
            queue.Fail(
                command,
                new CommandError(CommandErrorCode.Busy, $"automatic masks of camera {job.Frame.Camera} are being made; send it again later")
            );
    }

    /// <summary>One slice. A fault ends the command without an answer, which the caller gives.</summary>
    public void Advance()
    {
        var ended = true;
        try
        {
            ended = job is null || Advance(job);
        }
        finally
        {
            if (ended)
                End();
        }
    }

    /// <summary>Masks that are not finished depend on the model: they are answered <c>busy</c>.</summary>
    public void BeforeModelChange()
    {
        if (job is null)
            return;
        queue.Fail(job.Command, new CommandError(CommandErrorCode.Busy, "the model was replaced during the command; send it again"));
        End();
    }

    private bool Advance(AutomaticMaskJob current)
    {
        if (!current.Advance(() => queue.Waiting > 0))
            return false;
        var before = current.Published;
        // half of the outbox is left to the frames, and no mask displaces another message
        while (!current.IsOver && queue.Waiting == 0 && sink.HasRoom)
        {
            var mask = current.Next();
            var of = (current.Published - 1, current.Masks.Length);
            publisher.Publish(current.Camera, current.Frame, mask, model.Model.Info, current.Command.Command.Id, of: of);
        }

        if (current.IsOver)
            Complete(current);
        else if (before == current.Published)
            Thread.Sleep(PipelineLimits.AutomaticPauseMs);
        return current.IsOver;
    }

    /// <summary>The answer after the masks. Where even their list exceeds a message, it holds the number only.</summary>
    private void Complete(AutomaticMaskJob finished)
    {
        var frame = FrameId.Text(session, finished.Frame.Camera, finished.Frame.Sequence);
        var reply = Write(isListed: true);
        if (reply.Length > sink.MaxPayloadBytes - PipelineLimits.ReplyOverheadBytes)
            reply = Write(isListed: false);
        queue.Complete(finished.Command, reply, sink.MaxPayloadBytes);

        ReadOnlySpan<byte> Write(bool isListed) =>
            ReplyMessage.WriteAutomaticMasks(
                json,
                frame,
                finished.Command.Command.AutomaticMasks!.Grid,
                finished.PointsDone,
                finished.Masks,
                isListed,
                finished.Published,
                finished.LeftOut,
                finished.Ms
            );
    }

    private void End()
    {
        job?.Dispose();
        job = null;
    }

    public void Dispose()
    {
        End();
        json.Dispose();
    }
}
