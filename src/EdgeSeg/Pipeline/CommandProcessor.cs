using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Tracking;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// Carries out commands, each answered once: settings and previews at once, prompts on their frame, automatic masks in slices. One thread.
/// </summary>
/// <param name="queue">Commands come from here, answers go there.</param>
/// <param name="cameras">Of this device.</param>
/// <param name="model">The model in use, and the picture being worked on.</param>
/// <param name="canceller">Watches the model's runs.</param>
/// <param name="segmenter">Makes automatic masks of one object.</param>
/// <param name="publisher">Takes the masks.</param>
/// <param name="follower">Follows objects.</param>
/// <param name="previews">Sends snapshots.</param>
/// <param name="sink">For the size of messages, and how many wait.</param>
/// <param name="session">Names this run of the service.</param>
/// <param name="time">Clock of the slices of automatic masks.</param>
/// <param name="overlays">Sends pictures with masks; null: none.</param>
/// <param name="samples">Answers about frames that are kept for labelling; null: none are kept.</param>
/// <param name="hasTrigger">An input line requests masks, so that a camera can wait for it.</param>
internal sealed class CommandProcessor(
    CommandQueue queue,
    IReadOnlyList<CameraPipeline> cameras,
    ActiveModel model,
    InferenceCanceller canceller,
    AutomaticSegmenter segmenter,
    MaskPublisher publisher,
    ObjectFollower follower,
    PreviewSender previews,
    IMessageSink sink,
    string session,
    TimeProvider time,
    OverlaySender? overlays = null,
    SampleCommands? samples = null,
    bool hasTrigger = true
) : IDisposable
{
    private readonly JsonBuffer json = new(1024);
    private readonly Segmentation result = new();
    private readonly AutomaticMaskCommands automatic = new(queue, model, publisher, sink, session, time);

    /// <summary>
    /// Takes the commands that arrived: those on a held frame are answered, others wait for their camera's next frame. Then one slice of
    /// automatic masks. True when there was work.
    /// </summary>
    public bool TakeCommands()
    {
        var worked = false;
        while (queue.TryTake(out var command))
        {
            worked = true;
            var camera = cameras.First(c => c.Settings.Id == command.Command.Camera);
            if (TryApply(command, camera))
                continue;
            if (command.Command.Frame is null)
                camera.Enqueue(command);
            else
                Guard(command, () => AnswerOnHeldFrame(command, camera));
        }

        FailWithoutFrame();
        return AdvanceAutomaticMasks() || worked;
    }

    /// <summary>Answers the commands that waited for this frame.</summary>
    public void AnswerWaiting(CameraPipeline camera, Picture picture, Frame frame)
    {
        foreach (var command in camera.Waiting)
        {
            Guard(
                command,
                () =>
                {
                    if (command.Command.Kind == CommandKind.Snapshot)
                        previews.Answer(command, camera, frame, queue, json);
                    else
                        Answer(command, camera, picture, frame.Pixels);
                }
            );
        }

        camera.Waiting.Clear();
    }

    /// <summary>The model is about to be replaced.</summary>
    public void BeforeModelChange()
    {
        follower.BeforeModelChange();
        automatic.BeforeModelChange();
    }

    /// <summary>Commands that need neither a frame nor the model. False for all others.</summary>
    private bool TryApply(PendingCommand command, CameraPipeline camera)
    {
        switch (command.Command)
        {
            case { Change.Mode: CameraMode.OnTrigger } when !hasTrigger:
                // as the settings file: the camera would never be segmented
                queue.Fail(
                    command,
                    CommandError.Bad("no trigger is configured (trigger.gpio.enabled): 'mode' may be on_command for requests over MQTT")
                );
                return true;
            case { Change: { } change }:
                camera.Change(change.Apply(camera.Live));
                queue.Complete(command, ReplyMessage.WriteSettings(json, camera.Live), sink.MaxPayloadBytes);
                return true;
            case { Preview: { } preview }:
                camera.Preview.Set(preview, camera.Runner.NowNs);
                camera.RequestNext();
                queue.Complete(command, ReplyMessage.WritePreview(json, preview), sink.MaxPayloadBytes);
                return true;
            case { Samples: { } request }:
                SampleCommands.Answer(samples, queue, command, request, sink);
                return true;
            case { Kind: CommandKind.Unfollow, Track: var track }:
                Unfollow(command, camera, track);
                return true;
            case { Kind: CommandKind.Follow } when follower.IsFull(camera):
                queue.Fail(command, ObjectFollower.Full);
                return true;
            default:
                return false;
        }
    }

    private void Unfollow(PendingCommand command, CameraPipeline camera, string? track)
    {
        var ended = follower.Unfollow(camera, track);
        if (ended == 0 && track is not null)
            queue.Fail(command, CommandError.Bad($"no object '{track}' of this camera is followed"));
        else
            queue.Complete(command, ReplyMessage.WriteUnfollow(json, ended), sink.MaxPayloadBytes);
    }

    /// <summary>Runs the work of a command. A fault is answered and then thrown on, since the stage must know of it.</summary>
    private void Guard(PendingCommand command, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            // the journal has the details
            var reason = e is InferenceCancelledException ? e.Message : "inference failed";
            queue.Fail(command, new CommandError(CommandErrorCode.Internal, $"{reason}; the service continues"));
            throw;
        }
    }

    /// <summary>Commands whose camera gave no frame for too long are answered.</summary>
    private void FailWithoutFrame()
    {
        foreach (var camera in cameras)
        {
            for (var i = camera.Waiting.Count - 1; i >= 0; i--)
            {
                if (queue.AgeMs(camera.Waiting[i]) < PipelineLimits.CommandFrameWaitMs)
                    continue;
                var state = camera.Runner.Status.State.ToWire();
                queue.Fail(
                    camera.Waiting[i],
                    new CommandError(CommandErrorCode.Internal, $"camera {camera.Settings.Id} gives no frame; its state is {state}")
                );
                camera.Waiting.RemoveAt(i);
            }
        }
    }

    private void AnswerOnHeldFrame(PendingCommand command, CameraPipeline camera)
    {
        if (model.TryShow(command.Command.Frame, queue.AgeMs(command), out var error))
            Answer(command, camera, model.Picture, model.Picture.Source);
        else
            queue.Fail(command, error);
    }

    private void Answer(PendingCommand command, CameraPipeline camera, Picture picture, Mat pixels)
    {
        // a command before this one may have looked at a part of the same frame
        model.ShowWhole();
        if (command.Command.AutomaticMasks is not null)
        {
            automatic.Begin(command, camera, picture);
            return;
        }

        if (Resolve(command, picture) is { } error)
        {
            queue.Fail(command, error);
            return;
        }

        if (command.Command.Prompt is null)
        {
            if (!segmenter.Run(camera, picture, result, mayYield: false, clicks: null, saliencyEvery: 1))
            {
                queue.Fail(command, AutomaticSegmenter.OutsideOf(camera, picture.Frame));
                return;
            }

            result.ApplyMinimums(camera.Live.MinScore, camera.Live.MinArea);
        }
        else
        {
            result.Times = picture.Times;
            canceller.Run(
                mayYield: false,
                (model.Zoom, picture, result),
                static x => x.Zoom.Decode(x.picture.Source, x.picture.Embedding, x.result)
            );
        }

        var isFollow = command.Command.Kind == CommandKind.Follow && result.Found;
        // several may have waited for one frame
        if (isFollow && follower.IsFull(camera))
        {
            queue.Fail(command, ObjectFollower.Full);
            return;
        }

        var message = isFollow
            ? Follow(command, camera, picture, pixels)
            : publisher.Publish(camera, picture.Frame, result, model.Model.Info, command.Command.Id, refines: command.Command.Prompt?.Mask);
        queue.Complete(command, message, sink.MaxPayloadBytes);
        overlays?.SendDue(camera, picture, result, asked: true);
        samples?.KeepCorrection(command.Command, picture.Frame, pixels, result, model.Model.Info);
    }

    /// <summary>Follows the object that was found; its first mask goes to its own topic.</summary>
    private ReadOnlySpan<byte> Follow(PendingCommand command, CameraPipeline camera, Picture picture, Mat pixels)
    {
        var (id, topic) = follower.Start(camera, picture.Frame, pixels, result.Mask);
        return publisher.Publish(
            camera,
            picture.Frame,
            result,
            model.Model.Info,
            command.Command.Id,
            track: new TrackInfo(id, 0, TrackState.Tracking),
            topic: topic
        );
    }

    /// <summary>
    /// Writes the command's prompt, after that of the mask that it names. Null when it is good, or when there is none.
    /// </summary>
    private CommandError? Resolve(PendingCommand command, Picture picture)
    {
        if (command.Command.Prompt is not { } prompt)
            return null;
        var earlier = (prompt.Mask, command.Command.Kind) switch
        {
            (null, _) => null,
            ({ } named, CommandKind.Follow) => publisher.Masks.FindObject(named),
            ({ } named, _) => publisher.Masks.Find(named),
        };
        if (prompt.Mask is not null && earlier is null)
            return MaskMemory.Gone;
        return earlier is { ClickCount: 0, Box: null } && command.Command.Kind == CommandKind.Follow
            ? MaskMemory.Empty
            : prompt.Resolve(
                result.Prompt,
                picture.Frame.Width,
                picture.Frame.Height,
                model.Segmenter.MaxPoints,
                model.Segmenter.AcceptsNegativeClicks,
                earlier
            );
    }

    /// <summary>A slice of the automatic masks. False when none are being made.</summary>
    private bool AdvanceAutomaticMasks()
    {
        if (automatic.Command is not { } command)
            return false;
        Guard(command, automatic.Advance);
        return true;
    }

    public void Dispose()
    {
        automatic.Dispose();
        json.Dispose();
    }
}
