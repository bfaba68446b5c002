using System.Diagnostics;
using EdgeSeg.Capture;
using EdgeSeg.Commands;
using EdgeSeg.Configuration;
using EdgeSeg.Inference;
using EdgeSeg.Publish;
using EdgeSeg.Telemetry;
using EdgeSeg.Trigger;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;

namespace EdgeSeg;

/// <summary>
/// What the inference thread does with a frame: shrinks it to the model's size (that copy is what is held for later clicks), lets the model
/// find or answer, and hands the message over. All memory is kept; one thread.
/// </summary>
internal sealed class InferenceStage : IDisposable
{
    private readonly LoadedModel model;
    private readonly MqttLink link;
    private readonly Wires wires;
    private readonly ServiceFacts service;
    private readonly Embedding embedding;
    private readonly Segmentation result = new();
    private readonly MaskWriter writer;
    private readonly FrameRing ring;
    private readonly byte[] shrunkBytes;
    private readonly Mat shrunk;
    private readonly HeldFrame now = new();
    private readonly CommandStage commands;
    private readonly RunGuard guard;

    public InferenceStage(LoadedModel model, RunGuard guard, MqttLink link, CommandDesk desk, Wires wires, ServiceFacts service, double? polygonTolerancePx, TimeProvider time)
    {
        this.guard = guard;
        (this.model, this.link, this.wires, this.service) = (model, link, wires, service);
        var segmenter = model.Segmenter;
        embedding = segmenter.CreateEmbedding();
        writer = new MaskWriter { PolygonTolerancePx = polygonTolerancePx };
        shrunkBytes = GC.AllocateUninitializedArray<byte>(segmenter.InputWidth * segmenter.InputHeight * 3, pinned: true);
        shrunk = Mat.FromPixelData(segmenter.InputHeight, segmenter.InputWidth, MatType.CV_8UC3, shrunkBytes);
        ring = new FrameRing(service.Session, shrunkBytes.Length, time);
        commands = new CommandStage(desk, link, service);
    }

    /// <summary>Results handed to the link since the start, found or not.</summary>
    public long Results { get; private set; }

    /// <summary>Takes up the commands that came: those on a held frame are answered, others wait for their camera's next one. True when there was work.</summary>
    public bool TakeCommands(IReadOnlyList<Lane> lanes)
    {
        var worked = false;
        while (commands.Desk.TryTake(out var pending))
        {
            worked = true;
            var lane = lanes.First(l => l.Settings.Id == pending.Command.Camera);
            if (commands.Obey(pending, lane)) continue;
            if (pending.Command.Frame is null) lane.Ask(pending);
            else commands.Guard(pending, () => AnswerHeld(pending, lane));
        }

        commands.GiveUpWaiting(lanes);
        return worked;
    }

    /// <summary>Everything that this frame is wanted for.</summary>
    public void Take(Lane lane, Frame frame)
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
            for (var i = 0; i < lane.Asked.Count; i++) AnswerOn(lane.Asked[i], lane, frame);
            lane.Asked.Clear();
            if (auto) Auto(lane, frame);
            if (lane.Preview.TakeTurn(takenNs)) commands.SendPreview(lane, frame);
        }
        catch (InferenceCutException e) when (!e.TookTooLong)
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
        Stretch.Fill(frame.Pixels, shrunk);
        Encode(frame.Width, frame.Height);
        now.Set(frame);
        // before its id leaves the device
        ring.Hold(frame, shrunkBytes);
        result.Times.Close(Stage.Resize, since);
    }

    private void Encode(int frameWidth, int frameHeight)
    {
        model.Segmenter.Encode(shrunk, embedding, ref result.Times);
        embedding.StandFor(frameWidth, frameHeight);
    }

    private void Auto(Lane lane, Frame frame)
    {
        var roi = lane.Settings.Roi is { } r ? new Rect(r.X, r.Y, r.Width, r.Height) & new Rect(0, 0, frame.Width, frame.Height) : default;
        if (roi.Width >= Limits.MinImageSide && roi.Height >= Limits.MinImageSide)
        {
            using (var part = frame.Pixels.SubMat(roi)) Stretch.Fill(part, shrunk);
            Encode(roi.Width, roi.Height);
            Work(mayYield: !frame.Trigger.IsEdge);
            result.Place(roi.X, roi.Y, frame.Width, frame.Height);
        }
        else
        {
            Work(mayYield: !frame.Trigger.IsEdge);
        }

        Reject(lane.Settings);
        wires.Result(result.Found);
        Publish(lane, null, frame.Trigger);
    }

    /// <summary>The model's own work, which may be cut.</summary>
    private void Work(bool mayYield, bool isPrompted = false)
    {
        var isWhole = false;
        guard.Begin(mayYield);
        try
        {
            if (isPrompted) model.Segmenter.Decode(embedding, result);
            else model.Segmenter.Auto(embedding, result);
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
        if (!result.Found) return;
        var share = result.Geometry.Area / ((double)result.Mask.Width * result.Mask.Height);
        if (result.Score < settings.MinScore) result.MarkNotFound(Segmentation.BelowMinScore, result.Mask.Width, result.Mask.Height);
        else if (share < settings.MinArea) result.MarkNotFound(Segmentation.BelowMinArea, result.Mask.Width, result.Mask.Height);
    }

    private void AnswerHeld(PendingCommand pending, Lane lane)
    {
        if (!ring.TryCopy(pending.Command.Frame, shrunkBytes, now, out var gone))
        {
            commands.Desk.Fail(pending, gone);
            return;
        }

        result.Times = StageTimes.None;
        Encode(now.Width, now.Height);
        Answer(pending, lane);
    }

    private void AnswerOn(PendingCommand pending, Lane lane, Frame frame) => commands.Guard(pending, () =>
    {
        if (pending.Command.Kind == CommandKind.Snapshot) commands.SendSnapshot(pending, lane, frame);
        else Answer(pending, lane);
    });

    /// <summary>Asks the model on the picture shown last.</summary>
    private void Answer(PendingCommand pending, Lane lane)
    {
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

        var message = Publish(lane, pending.Command.Id);
        commands.Desk.Complete(pending, message, link.MaxPayloadBytes);
    }

    private ReadOnlySpan<byte> Publish(Lane lane, string? request, TriggerStamp trigger = default)
    {
        var since = Stopwatch.GetTimestamp();
        var drops = lane.Figures.Drops.Total;
        var facts = new MaskFacts
        {
            Request = request,
            Source = now.Source,
            Device = service.Device,
            Camera = now.Camera,
            Session = service.Session,
            Sequence = now.Sequence,
            CapturedUtc = now.CapturedUtc,
            CapturedNs = now.CapturedNs,
            TimeSource = now.TimeSource,
            ClockSynced = service.ClockSynced,
            Width = now.Width,
            Height = now.Height,
            Model = model.Facts,
            Saliency = result.Saliency,
            AgeMs = (lane.Runner.NowNs - now.CapturedNs) / 1e6,
            Trigger = trigger,
            Drops = drops - lane.DropsTold,
            Degraded = service.Degraded,
        };
        lane.DropsTold = drops;
        // a reply wraps the very same message, so it must leave room for the wrapping
        var message = writer.Write(facts, result, request is null ? link.MaxPayloadBytes : link.MaxPayloadBytes - Limits.ReplyOverheadBytes);
        since = result.Times.Close(Stage.Encode, since);
        if (!link.TryPublishMask(lane.Topics.Mask, message)) lane.Figures.Drops.Count(DropCause.PublishQueue);
        result.Times.Close(Stage.Publish, since);
        lane.Figures.CountOut(result.Times, (lane.Runner.NowNs - now.CapturedNs) / 1e6);
        Results++;
        return message;
    }

    public void Dispose()
    {
        commands.Dispose();
        writer.Dispose();
        embedding.Dispose();
        shrunk.Dispose();
    }
}
