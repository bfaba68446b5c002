using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Capture;

/// <summary>
/// One capture thread: opens the camera, reads it, decodes the frames that are needed, closes it, waits and starts again, until it is
/// abandoned. Only its own thread calls the camera; <see cref="CallNs"/> shows a call that does not return. It disposes itself when
/// its thread ends.
/// </summary>
internal sealed class CaptureSession : IDisposable
{
    private readonly CameraRunner runner;
    private readonly CancellableDelay pause;
    private readonly FrameWriter writer;
    private readonly TimeSpan firstWait;
    private readonly Func<bool> isStopping;
    private ICamera? camera;
    private volatile bool stopping,
        opening;
    private long callNs,
        nextGrabNs,
        lookedNs;
    private int damagedInARow;

    public CaptureSession(CameraRunner runner, TimeSpan firstWait)
    {
        (this.runner, this.firstWait) = (runner, firstWait);
        pause = new CancellableDelay(runner.Time);
        writer = new FrameWriter(runner.Options.Rotate, runner.Options.Crop);
        isStopping = () => stopping;
        Thread = new Thread(Run) { IsBackground = true, Name = $"capture-{runner.Options.Id}" };
    }

    public Thread Thread { get; }

    /// <summary>When the current call into the camera began; 0: there is none.</summary>
    public long CallNs => Volatile.Read(ref callNs);

    /// <summary>The current call opens the camera, which may take longer.</summary>
    public bool IsOpening => opening;

    /// <summary>Ends the thread as soon as its call returns; what it reports from now on is ignored.</summary>
    public void Stop()
    {
        stopping = true;
        pause.Cancel();
        runner.Queue.Wake();
        CancelCall();
    }

    /// <summary>Makes the current call return, where the source can.</summary>
    public void CancelCall() => Volatile.Read(ref camera)?.Cancel();

    public void Dispose()
    {
        writer.Dispose();
        pause.Dispose();
    }

    private void Run()
    {
        try
        {
            if (!pause.Wait(firstWait))
                return;
            while (!stopping && OpenAndStream() is { } wait)
            {
                if (!pause.Wait(wait))
                    return;
            }
        }
        finally
        {
            Dispose();
            runner.SessionEnded(this);
        }
    }

    /// <summary>Opens, streams and closes once; returns the time until the next attempt, or null for none.</summary>
    private TimeSpan? OpenAndStream()
    {
        string reason;
        try
        {
            Begin();
            opening = true;
            using var opened = runner.Create();
            Volatile.Write(ref camera, opened);
            // abandoned while it was made: nobody else would cancel it
            if (stopping)
                return null;
            var format = opened.Open();
            End();
            runner.Opened(this, format);
            var lost = Stream(opened, format);
            // closing may hang as well
            Begin();
            if (lost is null)
                return null;
            reason = lost;
        }
        catch (OperatingException e)
        {
            reason = e.Message;
        }
        catch (Exception e)
        {
            // the next attempt may succeed, so the thread must survive
            reason = $"{e.GetType().Name}: {e.Message}";
        }
        finally
        {
            End();
            Volatile.Write(ref camera, null);
        }

        return stopping ? null : runner.Lost(this, reason);
    }

    /// <summary>Reads the camera; returns the reason of the loss, or null when the thread is to end.</summary>
    private string? Stream(ICamera source, CameraFormat format)
    {
        var openedUtc = runner.Time.GetUtcNow();
        var periodNs = format.Fps > 0 ? (long)(1e9 / format.Fps) : 33_333_333;
        nextGrabNs = runner.NowNs;
        var skipped = 0L;
        damagedInARow = 0;
        while (!stopping)
        {
            if (format.PaceFps > 0 && !KeepPace(format.PaceFps))
                return null;
            if (!format.IsLive && !runner.Queue.WaitForRoom(isStopping))
                return null;
            var beganNs = Begin();
            var outcome = source.Grab();
            var arrivalNs = runner.NowNs;
            if (stopping)
                return null;
            if (source.Skipped > skipped || source.SkippedReason.Length > 0)
            {
                runner.Skipped(this, source.Skipped - skipped, source.SkippedReason);
                skipped = source.Skipped;
            }

            if (outcome == GrabOutcome.End)
            {
                if (source.EndFault is { } fault)
                {
                    runner.Undecodable(this);
                    return fault;
                }

                runner.Ended(this, source.EndRemark);
                return null;
            }

            if (outcome == GrabOutcome.Failed)
                return source.Reason;

            runner.Arrived(this, arrivalNs);
            var stamp = FrameStamp.Of(format.TimeSource, source.PositionMs, arrivalNs, runner.Time.GetUtcNow(), openedUtc);
            Take(source, format, format.IsLive ? arrivalNs : beganNs, stamp, periodNs);
            End();
            if (damagedInARow >= CaptureLimits.MaxDamagedInARow)
            {
                runner.Undecodable(this);
                return source.EndFault ?? $"{damagedInARow} pictures in a row could not be decoded";
            }

            if (runner.ReopeningDue(this) is { } why)
                return why;
        }

        return null;
    }

    private bool KeepPace(double fps)
    {
        var nowNs = runner.NowNs;
        // far behind (a suspended machine, a long stop): start a new count instead of catching up
        if (nowNs - nextGrabNs > 1_000_000_000)
            nextGrabNs = nowNs;
        var waitNs = nextGrabNs - nowNs;
        nextGrabNs += (long)(1e9 / fps);
        return waitNs <= 0 ? !stopping : pause.Wait(TimeSpan.FromTicks(waitNs / 100));
    }

    /// <summary>Decodes the grabbed picture into a slot and passes it on, or counts why not.</summary>
    private void Take(ICamera source, CameraFormat format, long sinceNs, FrameStamp stamp, long periodNs)
    {
        var nowNs = runner.NowNs;
        var refusal = format.IsLive ? runner.Queue.DropCauseAt(nowNs, periodNs) : null;
        Frame? frame = null;
        if (refusal is null && !runner.Pool.TryTake(out frame) && (format.IsLive || !WaitForSlot(out frame)))
            refusal = DropCause.NoSlot;
        if (frame is null)
        {
            runner.Drops.Count(refusal!.Value);
            // the frame is not needed, but whether the camera is frozen or black is
            if (format.IsWatched && nowNs - lookedNs >= CaptureLimits.CameraLookMs * 1_000_000L && source.Retrieve(writer.Scratch))
                Look(writer.Scratch, nowNs);
            return;
        }

        var owned = true;
        try
        {
            if (!writer.Write(source, frame.Pixels))
            {
                runner.Drops.Count(DropCause.Damaged);
                damagedInARow++;
                return;
            }

            damagedInARow = 0;

            frame.Camera = runner.Options.Id;
            frame.Source = source.PictureName;
            (frame.CapturedUtc, frame.CapturedNs, frame.TimeSource) = stamp;
            frame.CaptureMs = (runner.NowNs - sinceNs) / 1e6;
            if (format.IsWatched)
                Look(frame.Pixels, nowNs);
            owned = !runner.Deliver(this, frame);
        }
        finally
        {
            if (owned)
                frame.Dispose();
        }
    }

    /// <summary>A video or folder loses no frame when all slots are in use: others are returned soon.</summary>
    private bool WaitForSlot([NotNullWhen(true)] out Frame? frame)
    {
        while (!runner.Pool.TryTake(out frame) && pause.Wait(TimeSpan.FromMilliseconds(1)))
            End();
        return frame is not null;
    }

    private void Look(OpenCvSharp.Mat pixels, long nowNs)
    {
        lookedNs = nowNs;
        runner.Looked(this, pixels, nowNs);
    }

    private long Begin()
    {
        var nowNs = Math.Max(1, runner.NowNs);
        Volatile.Write(ref callNs, nowNs);
        return nowNs;
    }

    private void End()
    {
        opening = false;
        Volatile.Write(ref callNs, 0);
    }
}
