using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;

namespace EdgeSeg.Pipeline;

/// <summary>Sends pictures for people: previews and snapshots, as JPEG on the camera's preview topic. One thread.</summary>
internal sealed class PreviewSender(ServiceInfo service, IMessageSink sink) : IDisposable
{
    private readonly PreviewEncoder encoder = new();

    /// <summary>
    /// Sends a frame at most <paramref name="width"/> wide. False when it does not fit a message even at the lowest quality; nothing is
    /// sent then.
    /// </summary>
    /// <param name="camera">Its topic.</param>
    /// <param name="frame">Not changed.</param>
    /// <param name="width">In pixels; a frame is never enlarged.</param>
    /// <param name="quality">Of the JPEG; afterwards the one used.</param>
    /// <param name="bytes">Length of the JPEG.</param>
    public bool TrySend(CameraPipeline camera, Frame frame, int width, ref int quality, out int bytes)
    {
        bytes = 0;
        if (!encoder.TryEncode(frame.Pixels, width, ref quality, sink.MaxPayloadBytes, out var jpeg))
            return false;
        bytes = jpeg.Length;
        var properties = PreviewMessage.Properties(service.Session, frame);
        sink.TryPublish(camera.Topics.Preview, jpeg, PreviewMessage.ContentType, PipelineLimits.PreviewExpiryS, properties);
        return true;
    }

    /// <summary>Answers a command for a snapshot.</summary>
    /// <param name="command">To be answered.</param>
    /// <param name="camera">Its topic.</param>
    /// <param name="frame">Not changed.</param>
    /// <param name="queue">Takes the answer.</param>
    /// <param name="json">For the answer.</param>
    public void Answer(PendingCommand command, CameraPipeline camera, Frame frame, CommandQueue queue, JsonBuffer json)
    {
        var quality = command.Command.Snapshot!.Quality;
        if (!TrySend(camera, frame, frame.Width, ref quality, out var bytes))
        {
            queue.Fail(
                command,
                new CommandError(
                    CommandErrorCode.TooLarge,
                    $"the picture exceeds {sink.MaxPayloadBytes} bytes even at quality {MessageLimits.MinJpegQuality}; "
                        + "request a preview of less width"
                )
            );
            return;
        }

        var id = FrameId.Text(service.Session, frame.Camera, frame.Sequence);
        queue.Complete(
            command,
            ReplyMessage.WriteSnapshot(json, camera.Topics.Preview, id, frame.Width, frame.Height, bytes, quality),
            sink.MaxPayloadBytes
        );
    }

    /// <summary>Sends the next picture of the camera's preview when it is due.</summary>
    public void SendDue(CameraPipeline camera, Frame frame, long nowNs)
    {
        if (!camera.Preview.TakeTurn(nowNs))
            return;
        var quality = camera.Preview.Request.Quality;
        TrySend(camera, frame, camera.Preview.Request.Width, ref quality, out _);
    }

    public void Dispose() => encoder.Dispose();
}
