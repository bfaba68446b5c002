using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Sampling;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>The command <c>samples</c>, which waits for the disk and so is answered on another thread than the others.</summary>
/// <param name="Keeper">Keeps the frames.</param>
/// <param name="UploadTopic">Where pictures go; empty: none leaves the device.</param>
internal sealed record SampleCommands(SampleKeeper Keeper, string UploadTopic)
{
    private static readonly CommandError off = CommandError.Bad(
        "no frames are kept for labelling: set samples.enabled = true in the device's settings"
    );
    private static readonly CommandError noTopic = CommandError.Bad(
        "no picture leaves this device: samples.upload names no topic in its settings"
    );
    private static readonly CommandError busy = new(
        CommandErrorCode.Busy,
        $"{SampleLimits.Requests} commands about kept frames wait for the disk; send it again later"
    );

    /// <summary>Keeps the frame of a mask that an operator corrected with further clicks.</summary>
    /// <param name="command">That was carried out.</param>
    /// <param name="frame">Of which the mask is.</param>
    /// <param name="pixels">8-bit BGR; copied.</param>
    /// <param name="mask">Its result.</param>
    /// <param name="model">That made it.</param>
    public void KeepCorrection(CameraCommand command, FrameInfo frame, Mat pixels, Segmentation mask, ModelInfo model)
    {
        if (command is { Kind: CommandKind.Click, Prompt.Mask: not null } && mask.Found)
            Keeper.KeepCorrection(frame.ToSample(), pixels, mask, model);
    }

    /// <param name="samples">Null: no frames are kept.</param>
    /// <param name="queue">Takes the answer.</param>
    /// <param name="command">To be answered.</param>
    /// <param name="request">Its content.</param>
    /// <param name="sink">For the size of messages.</param>
    public static void Answer(
        SampleCommands? samples,
        CommandQueue queue,
        PendingCommand command,
        SamplesRequest request,
        IMessageSink sink
    )
    {
        if (samples is null)
            queue.Fail(command, off);
        else if (request.Upload && samples.UploadTopic.Length == 0)
            queue.Fail(command, noTopic);
        else if (!samples.Keeper.TryRequest(command.Command.Camera, request, Complete))
            queue.Fail(command, busy);

        void Complete(ReadOnlySpan<byte> result, CommandError? error)
        {
            if (error is null)
                queue.Complete(command, result, sink.MaxPayloadBytes);
            else
                queue.Fail(command, error);
        }
    }
}
