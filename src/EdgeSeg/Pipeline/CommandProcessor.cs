using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision;

namespace EdgeSeg.Pipeline;

/// <summary>The commands' part of the inference thread: what is obeyed without the model, pictures for people, and an answer for every request whatever happens.</summary>
internal sealed class CommandProcessor(CommandQueue desk, MqttLink link, ServiceInfo service) : IDisposable
{
    private readonly JsonBuffer json = new(1024);
    private readonly PreviewEncoder encoder = new();

    public CommandQueue Desk { get; } = desk;

    /// <summary>Carries out what needs no frame; false for all else.</summary>
    public bool Obey(PendingCommand pending, CameraPipeline lane)
    {
        switch (pending.Command)
        {
            case { Change: { } change }:
                var settings = lane.Settings;
                (settings.Mode, settings.MaxFps, settings.IntervalS) = (
                    change.Mode ?? settings.Mode,
                    change.MaxFps ?? settings.MaxFps,
                    change.IntervalS ?? settings.IntervalS
                );
                (settings.MinScore, settings.MinArea) = (change.MinScore ?? settings.MinScore, change.MinArea ?? settings.MinArea);
                lane.Changed();
                Desk.Complete(pending, ReplyMessage.WriteSettings(json, settings), link.MaxPayloadBytes);
                return true;
            case { Preview: { } preview }:
                lane.Preview.Set(preview, lane.Runner.NowNs);
                lane.WantNext();
                Desk.Complete(pending, ReplyMessage.WritePreview(json, preview), link.MaxPayloadBytes);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Runs the work of a command; a fault is answered, and then goes its way.</summary>
    public void Guard(PendingCommand pending, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            var why = e is InferenceCancelledException ? e.Message : e.GetType().Name;
            Desk.Fail(pending, new CommandError(CommandErrorCode.Internal, $"the model failed ({why}): the device goes on"));
            throw;
        }
    }

    /// <summary>Commands whose camera gave no frame for too long are answered.</summary>
    public void GiveUpWaiting(IReadOnlyList<CameraPipeline> lanes)
    {
        foreach (var lane in lanes)
        {
            for (var i = lane.Asked.Count - 1; i >= 0; i--)
            {
                if (Desk.AgeMs(lane.Asked[i]) < PipelineLimits.CommandFrameWaitMs)
                    continue;
                Desk.Fail(
                    lane.Asked[i],
                    new CommandError(
                        CommandErrorCode.Internal,
                        $"camera {lane.Settings.Id} gives no frame: it is {CameraStatus.Word(lane.Runner.Status.State)}"
                    )
                );
                lane.Asked.RemoveAt(i);
            }
        }
    }

    public void SendPreview(CameraPipeline lane, Frame frame)
    {
        var (request, quality) = (lane.Preview.Request, lane.Preview.Request.Quality);
        if (encoder.TryEncode(frame.Pixels, request.Width, ref quality, link.MaxPayloadBytes, out var jpeg))
            Send(lane, frame, jpeg);
    }

    public void SendSnapshot(PendingCommand pending, CameraPipeline lane, Frame frame)
    {
        var quality = pending.Command.Snapshot!.Quality;
        if (!encoder.TryEncode(frame.Pixels, frame.Width, ref quality, link.MaxPayloadBytes, out var jpeg))
        {
            Desk.Fail(
                pending,
                new CommandError(
                    CommandErrorCode.TooLarge,
                    $"the picture does not fit {link.MaxPayloadBytes} bytes even at quality {MessageLimits.MinJpegQuality}: ask for a preview of less width"
                )
            );
            return;
        }

        Send(lane, frame, jpeg);
        Span<char> id = stackalloc char[3 * VisionLimits.MaxIdLength];
        var frameId = new string(id[..FrameId.Write(id, service.Session, frame.Camera, frame.Sequence)]);
        Desk.Complete(
            pending,
            ReplyMessage.WriteSnapshot(json, lane.Topics.Preview, frameId, frame.Width, frame.Height, jpeg.Length, quality),
            link.MaxPayloadBytes
        );
    }

    /// <summary>The answer to <c>everything</c>, once its masks were told. Where not even the list fits a message, the count does.</summary>
    public void TellEverything(AutomaticMaskRun run)
    {
        Span<char> id = stackalloc char[3 * VisionLimits.MaxIdLength];
        var frame = new string(id[..FrameId.Write(id, service.Session, run.Frame.Camera, run.Frame.Sequence)]);
        var room = link.MaxPayloadBytes - PipelineLimits.ReplyOverheadBytes;
        var result = Write(run, listed: true);
        if (result.Length > room)
            result = Write(run, listed: false);
        Desk.Complete(run.Pending, result, link.MaxPayloadBytes);

        ReadOnlySpan<byte> Write(AutomaticMaskRun of, bool listed) =>
            ReplyMessage.WriteEverything(
                json,
                frame,
                of.Pending.Command.Everything!.Grid,
                of.Asked,
                of.Masks,
                listed,
                of.Told,
                of.LeftOut,
                of.Ms
            );
    }

    private void Send(CameraPipeline lane, Frame frame, byte[] jpeg) =>
        link.TryPublish(
            lane.Topics.Preview,
            jpeg,
            PreviewMessage.ContentType,
            PipelineLimits.PreviewExpiryS,
            PreviewMessage.Properties(service.Session, frame)
        );

    public void Dispose()
    {
        json.Dispose();
        encoder.Dispose();
    }
}
