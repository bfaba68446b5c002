using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Models;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// What the inference thread does with a frame: shrinks it to the model's size (that copy is what is held for later clicks), lets the model
/// find or answer, and hands the message over. All memory is kept; one thread.
/// </summary>
internal sealed class FrameProcessor : IDisposable
{
    private readonly TimeProvider time;
    private readonly MqttLink link;
    private readonly GpioLines wires;
    private readonly ServiceInfo service;
    private readonly Segmentation result = new();
    private readonly MaskWriter writer;
    private readonly HeldFrame now = new();
    private readonly CommandProcessor commands;
    private readonly InferenceCanceller guard;
    private readonly LiveQuality quality;
    private volatile LoadedModel model;
    private LoadedModel? offered;
    private EmbeddingCache embeddings;
    private FrameStore ring;
    private readonly FrameResizer stretch = new();
    private byte[] shrunkBytes;
    private Mat shrunk;
    private Embedding embedding = null!;
    private AutomaticMaskRun? everything;

    public FrameProcessor(
        LoadedModel model,
        InferenceCanceller guard,
        LiveQuality quality,
        MqttLink link,
        CommandQueue desk,
        GpioLines wires,
        ServiceInfo service,
        double? polygonTolerancePx,
        TimeProvider time
    )
    {
        (this.model, this.guard, this.quality, this.link, this.wires, this.service, this.time) = (
            model,
            guard,
            quality,
            link,
            wires,
            service,
            time
        );
        Fit(model.Segmenter);
        writer = new MaskWriter { PolygonTolerancePx = polygonTolerancePx };
        commands = new CommandProcessor(desk, link, service);
    }

    /// <summary>See <see cref="AutomaticClicks"/>.</summary>
    public int SaliencyEvery { get; init; } = 1;

    /// <summary>Results handed to the link since the start, found or not.</summary>
    public long Results { get; private set; }

    /// <summary>The model at work, owned here. Any thread.</summary>
    public LoadedModel Model => model;

    /// <summary>Models that took the place of another since the start, and how long the frames waited for the last one.</summary>
    public SwapStats Swaps { get; private set; } = new(0, 0);

    /// <summary>
    /// Hands another model over, ready to run: it takes the place of the one at work before the next frame or command. Any thread.
    /// </summary>
    public void Offer(LoadedModel next) => Interlocked.Exchange(ref offered, next)?.Dispose();

    private void TakeUpOffer()
    {
        if (Interlocked.Exchange(ref offered, null) is not { } next)
            return;
        var since = Stopwatch.GetTimestamp();
        if (everything is { } run)
            commands.Desk.Fail(run.Pending, new CommandError(CommandErrorCode.Busy, "the model was replaced meanwhile: send it again"));
        everything?.Dispose();
        everything = null;
        embeddings.Dispose();
        shrunk.Dispose();
        next.Segmenter.SaliencyThreshold = model.Segmenter.SaliencyThreshold;
        var former = model;
        model = next;
        Fit(next.Segmenter);
        former.Dispose();
        Swaps = new SwapStats(Swaps.Count + 1, Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    /// <summary>
    /// Takes the memory that depends on the model's input size. Frames that were held in another size are gone; in the same size they stay.
    /// </summary>
    [MemberNotNull(nameof(embeddings), nameof(shrunkBytes), nameof(shrunk), nameof(ring))]
    private void Fit(ISegmenter segmenter)
    {
        embeddings = new EmbeddingCache(segmenter, segmenter.EmbeddingsWorthKeeping);
        var bytes = segmenter.InputWidth * segmenter.InputHeight * 3;
        var fits = ring is not null && shrunkBytes?.Length == bytes;
        if (!fits)
            shrunkBytes = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        shrunk = Mat.FromPixelData(segmenter.InputHeight, segmenter.InputWidth, MatType.CV_8UC3, shrunkBytes!);
        if (!fits)
            ring = new FrameStore(service.Session, bytes, time);
        Debug.Assert(ring is not null && shrunkBytes is not null);
    }

    /// <summary>
    /// Takes up the commands that came: those on a held frame are answered, others wait for their camera's next one. True when there was
    /// work.
    /// </summary>
    public bool TakeCommands(IReadOnlyList<CameraPipeline> lanes)
    {
        TakeUpOffer();
        var worked = false;
        while (commands.Desk.TryTake(out var pending))
        {
            worked = true;
            var lane = lanes.First(l => l.Settings.Id == pending.Command.Camera);
            if (commands.Obey(pending, lane))
                continue;
            if (pending.Command.Frame is null)
                lane.Ask(pending);
            else
                commands.Guard(pending, () => AnswerHeld(pending, lane));
        }

        commands.GiveUpWaiting(lanes);
        return GoOnWithEverything() || worked;
    }

    /// <summary>Everything that this frame is wanted for.</summary>
    public void Take(CameraPipeline lane, Frame frame)
    {
        var takenNs = lane.Runner.NowNs;
        var auto = lane.Begin(frame, takenNs);
        var isDueAgain = false;
        wires.Busy(true);
        try
        {
            result.Times = StageTimes.None;
            result.Times[Stage.Capture] = frame.CaptureMs;
            result.Times[Stage.Queue] = Math.Max(0, (takenNs - frame.CapturedNs) / 1e6 - frame.CaptureMs);
            Show(frame);
            for (var i = 0; i < lane.Asked.Count; i++)
                AnswerOn(lane.Asked[i], lane, frame);
            lane.Asked.Clear();
            if (auto)
                Auto(lane, frame);
            if (lane.Preview.TakeTurn(takenNs))
                commands.SendPreview(lane, frame);
        }
        catch (InferenceCancelledException e) when (!e.TookTooLong)
        {
            isDueAgain = true;
            throw;
        }
        finally
        {
            wires.Busy(false);
            lane.End(takenNs, auto && !isDueAgain);
        }
    }

    private void Show(Frame frame)
    {
        var since = Stopwatch.GetTimestamp();
        stretch.Fill(frame.Pixels, shrunk);
        now.Set(frame);
        Encode(new FrameKey(frame.Camera, frame.Sequence), frame.Width, frame.Height);
        // before its id leaves the device
        ring.Hold(frame, shrunkBytes);
        result.Times.Close(Stage.Resize, since);
    }

    private void Encode(FrameKey frame, int frameWidth, int frameHeight)
    {
        embedding = embeddings.Get(frame, shrunk, ref result.Times);
        embedding.StandFor(frameWidth, frameHeight);
    }

    private void Auto(CameraPipeline lane, Frame frame)
    {
        var roi = lane.Settings.Roi is { } r ? new Rect(r.X, r.Y, r.Width, r.Height) & new Rect(0, 0, frame.Width, frame.Height) : default;
        if (roi.Width >= VisionLimits.MinImageSide && roi.Height >= VisionLimits.MinImageSide)
        {
            using (var part = frame.Pixels.SubMat(roi))
                stretch.Fill(part, shrunk);
            Encode(new FrameKey(frame.Camera, frame.Sequence, Part: true), roi.Width, roi.Height);
            Work(mayYield: !frame.Trigger.IsEdge, clicks: lane.Clicks);
            result.Place(roi.X, roi.Y, frame.Width, frame.Height);
        }
        else
        {
            Work(mayYield: !frame.Trigger.IsEdge, clicks: lane.Clicks);
        }

        quality.Count(
            result.Found,
            result.PredictedIou,
            result.Found ? result.Geometry.Area / ((double)result.Mask.Width * result.Mask.Height) : 0
        );
        Reject(lane.Settings);
        wires.Result(result.Found);
        Publish(lane, now, result, null, frame.Trigger);
    }

    /// <summary>The model's own work, which may be cut.</summary>
    private void Work(bool mayYield, bool isPrompted = false, AutomaticClicks? clicks = null)
    {
        var isWhole = false;
        guard.Begin(mayYield);
        try
        {
            if (isPrompted)
                model.Segmenter.Decode(embedding, result);
            else if (clicks is not null)
                clicks.Run(model.Segmenter, embedding, result, SaliencyEvery);
            else
                model.Segmenter.Auto(embedding, result);
            isWhole = true;
        }
        catch (OnnxRuntimeException) when (guard.IsCut)
        {
            throw guard.Explain();
        }
        finally
        {
            guard.End(isWhole);
        }
    }

    /// <summary>Automatic masks below the camera's minimum are told as not found.</summary>
    private void Reject(CameraSettings settings)
    {
        if (!result.Found)
            return;
        var share = result.Geometry.Area / ((double)result.Mask.Width * result.Mask.Height);
        if (result.Score < settings.MinScore)
            result.MarkNotFound(Segmentation.BelowMinScore, result.Mask.Width, result.Mask.Height);
        else if (share < settings.MinArea)
            result.MarkNotFound(Segmentation.BelowMinArea, result.Mask.Width, result.Mask.Height);
    }

    private void AnswerHeld(PendingCommand pending, CameraPipeline lane)
    {
        if (!ring.TryCopy(pending.Command.Frame, shrunkBytes, now, out var gone))
        {
            commands.Desk.Fail(pending, gone);
            return;
        }

        result.Times = StageTimes.None;
        // it is not the frame that has waited here, but the command
        result.Times[Stage.Queue] = commands.Desk.AgeMs(pending);
        Encode(new FrameKey(now.Camera, now.Sequence), now.Width, now.Height);
        Answer(pending, lane);
    }

    private void AnswerOn(PendingCommand pending, CameraPipeline lane, Frame frame) =>
        commands.Guard(
            pending,
            () =>
            {
                if (pending.Command.Kind == CommandKind.Snapshot)
                    commands.SendSnapshot(pending, lane, frame);
                else
                    Answer(pending, lane);
            }
        );

    /// <summary>Asks the model on the picture shown last.</summary>
    private void Answer(PendingCommand pending, CameraPipeline lane)
    {
        if (pending.Command.Everything is not null)
        {
            BeginEverything(pending, lane);
            return;
        }

        if (pending.Command.Prompt is { } prompt)
        {
            if (prompt.Resolve(result.Prompt, now.Width, now.Height, model.Segmenter.MaxPoints) is { } refusal)
            {
                commands.Desk.Fail(pending, refusal);
                return;
            }

            Work(mayYield: false, isPrompted: true);
        }
        else
        {
            Work(mayYield: false);
        }

        var message = Publish(lane, now, result, pending.Command.Id);
        commands.Desk.Complete(pending, message, link.MaxPayloadBytes);
    }

    private void BeginEverything(PendingCommand pending, CameraPipeline lane)
    {
        if (everything is not null)
        {
            commands.Desk.Fail(
                pending,
                new CommandError(
                    CommandErrorCode.Busy,
                    $"everything is being looked for on a frame of camera {everything.Frame.Camera}: send it again later"
                )
            );
            return;
        }

        model.Segmenter.EnsureEncoded(embedding, ref result.Times);
        embeddings.Detach(new FrameKey(now.Camera, now.Sequence));
        everything = new AutomaticMaskRun(pending, lane, now, model.Segmenter, embedding);
    }

    /// <summary>A slice of it; false when there is nothing to do.</summary>
    private bool GoOnWithEverything()
    {
        if (everything is not { } run)
            return false;
        var ended = true;
        try
        {
            commands.Guard(run.Pending, () => ended = AdvanceEverything(run));
        }
        finally
        {
            if (ended)
            {
                run.Dispose();
                everything = null;
            }
        }

        return true;
    }

    private bool AdvanceEverything(AutomaticMaskRun run)
    {
        if (!run.Advance(() => commands.Desk.Waiting > 0))
            return false;
        var told = run.Told;
        // half of the outbox is left to the frames, and no mask pushes another one out
        while (!run.IsOver && commands.Desk.Waiting == 0 && link.Waiting < MqttLimits.PublishQueue / 2)
            Publish(run.CameraPipeline, run.Frame, run.Next(), run.Pending.Command.Id, of: (run.Told - 1, run.Masks.Length));
        if (run.IsOver)
            commands.TellEverything(run);
        else if (told == run.Told)
            Thread.Sleep(PipelineLimits.EverythingPauseMs);
        return run.IsOver;
    }

    private ReadOnlySpan<byte> Publish(
        CameraPipeline lane,
        HeldFrame frame,
        Segmentation made,
        string? request,
        TriggerStamp trigger = default,
        (int Index, int Count)? of = null
    )
    {
        var since = Stopwatch.GetTimestamp();
        var drops = lane.Figures.Drops.Total;
        var facts = new MaskInfo
        {
            Request = request,
            Of = of,
            Source = frame.Source,
            Device = service.Device,
            Camera = frame.Camera,
            Session = service.Session,
            Sequence = frame.Sequence,
            CapturedUtc = frame.CapturedUtc,
            CapturedNs = frame.CapturedNs,
            TimeSource = frame.TimeSource,
            ClockSynced = service.ClockSynced,
            Width = frame.Width,
            Height = frame.Height,
            Model = model.Info,
            Saliency = made.Saliency,
            AgeMs = (lane.Runner.NowNs - frame.CapturedNs) / 1e6,
            Trigger = trigger,
            Drops = drops - lane.DropsTold,
            Degraded = service.Degraded,
        };
        lane.DropsTold = drops;
        // a reply wraps the very same message, so it must leave room for the wrapping
        var message = writer.Write(
            facts,
            made,
            request is null ? link.MaxPayloadBytes : link.MaxPayloadBytes - PipelineLimits.ReplyOverheadBytes
        );
        since = made.Times.Close(Stage.Encode, since);
        if (!link.TryPublishMask(lane.Topics.Mask, message))
            lane.Figures.Drops.Count(DropCause.PublishQueue);
        made.Times.Close(Stage.Publish, since);
        // a hundred masks of one old frame would drown the figures of the frames
        if (of is null)
            lane.Figures.CountOut(made.Times, (lane.Runner.NowNs - frame.CapturedNs) / 1e6);
        Results++;
        return message;
    }

    public void Dispose()
    {
        commands.Dispose();
        writer.Dispose();
        everything?.Dispose();
        embeddings.Dispose();
        shrunk.Dispose();
        model.Dispose();
        Interlocked.Exchange(ref offered, null)?.Dispose();
    }
}
