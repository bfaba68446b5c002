using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Sampling;

/// <summary>The frame that a kept picture is of.</summary>
/// <param name="Camera">Its id.</param>
/// <param name="Sequence">Counts the camera's frames.</param>
/// <param name="CapturedUtc">By the wall clock.</param>
internal readonly record struct SampleFrame(string Camera, long Sequence, DateTimeOffset CapturedUtc);

/// <summary>
/// Keeps frames for labelling (docs/guides/hard-frames.md). The inference thread copies a frame into one of <see
/// cref="SampleLimits.Queue"/> slots and goes on; a thread of its own encodes and writes it, and answers commands from the disk. What finds
/// no slot is dropped and counted. A disk that fails is reported, and tried again later.
/// </summary>
internal sealed class SampleKeeper : IDisposable
{
    private readonly SampleSettings settings;
    private readonly string device;
    private readonly string session;
    private readonly Action<string> report;
    private readonly SampleStore store;
    private readonly SampleSelector selector;
    private readonly SampleBudget budget;
    private readonly SampleUpload upload;
    private readonly Lock gate = new();
    private readonly AutoResetEvent work = new(false);
    private readonly Stack<SampleSlot> free = new();
    private readonly Queue<SampleSlot> waiting = new();
    private readonly Queue<Request> requests = new();
    private readonly Thread thread;
    private volatile bool stopping;
    private volatile string? fault;
    private SampleTotals totals;
    private long written,
        overLimit,
        dropped,
        failed;

    private sealed record Request(string Camera, SamplesRequest Wanted, Answer Answer);

    /// <summary>Takes the result of a command: the bytes of <see cref="ReplyMessage.WriteSamples"/>, or why there is none.</summary>
    public delegate void Answer(ReadOnlySpan<byte> result, CommandError? error);

    /// <param name="settings">Bounds and thresholds.</param>
    /// <param name="stateDir">The folder is made in it.</param>
    /// <param name="device">Its id.</param>
    /// <param name="session">Names this run of the service.</param>
    /// <param name="sink">Takes pictures that a command asks for.</param>
    /// <param name="report">Takes a line about a disk that fails.</param>
    /// <param name="time">Clock.</param>
    public SampleKeeper(
        SampleSettings settings,
        string stateDir,
        string device,
        string session,
        IMessageSink sink,
        Action<string> report,
        TimeProvider time
    )
    {
        (this.settings, this.device, this.session, this.report) = (settings, device, session, report);
        store = new SampleStore(SampleStore.FolderOf(stateDir));
        selector = new SampleSelector(settings, time);
        budget = new SampleBudget(settings.MaxPerDay, time);
        upload = new SampleUpload(store, settings.Upload, sink);
        for (var i = 0; i < SampleLimits.Queue; i++)
            free.Push(new SampleSlot());
        thread = new Thread(Run) { Name = "samples", IsBackground = true };
        thread.Start();
    }

    /// <summary>Any thread.</summary>
    public SampleStats Stats
    {
        get
        {
            lock (gate)
                return new SampleStats(totals.Count, totals.Bytes, written, overLimit, dropped, failed);
        }
    }

    /// <summary>Why frames cannot be written now; null: they can. Any thread.</summary>
    public string? Fault => fault;

    /// <summary>Keeps a frame after its automatic mask, if it is worth labelling. Inference thread.</summary>
    /// <param name="frame">Of which the mask is.</param>
    /// <param name="pixels">8-bit BGR; copied.</param>
    /// <param name="mask">After the minimums of the settings; copied.</param>
    /// <param name="score">Before them.</param>
    /// <param name="isUsable">False for a picture that shows nothing of now.</param>
    /// <param name="model">That made the mask.</param>
    public void Consider(SampleFrame frame, Mat pixels, Segmentation mask, float score, bool isUsable, ModelInfo model)
    {
        if (selector.Choose(frame.Camera, isUsable, mask.Found, score, mask.Agreement) is { } reason)
            Keep(reason, frame, pixels, mask, score, model);
    }

    /// <summary>Keeps a frame whose mask an operator corrected. Inference thread.</summary>
    public void KeepCorrection(SampleFrame frame, Mat pixels, Segmentation mask, ModelInfo model) =>
        Keep(SampleReason.Correction, frame, pixels, mask, mask.Score, model);

    /// <summary>Lets a command wait for its answer, which comes on another thread. False: too many wait.</summary>
    public bool TryRequest(string camera, SamplesRequest request, Answer answer)
    {
        lock (gate)
        {
            if (stopping || requests.Count >= SampleLimits.Requests)
                return false;
            requests.Enqueue(new Request(camera, request, answer));
        }

        work.Set();
        return true;
    }

    private void Keep(SampleReason reason, SampleFrame frame, Mat pixels, Segmentation mask, float score, ModelInfo model)
    {
        SampleSlot? slot;
        lock (gate)
        {
            if (!free.TryPop(out slot))
            {
                dropped++;
                return;
            }
        }

        pixels.CopyTo(slot.Pixels);
        slot.Mask.CopyFrom(mask.Mask);
        slot.Sample = new KeptSample
        {
            Number = 0,
            Reason = reason,
            Camera = frame.Camera,
            Frame = FrameId.Text(session, frame.Camera, frame.Sequence),
            CapturedUtc = frame.CapturedUtc,
            Width = pixels.Cols,
            Height = pixels.Rows,
            Score = score,
            Agreement = float.IsNaN(mask.Agreement) ? null : mask.Agreement,
            Mask = null,
            Model = $"{model.Name} {model.Version}",
        };
        lock (gate)
            waiting.Enqueue(slot);
        work.Set();
    }

    private void Run()
    {
        Guard(Begin);
        while (true)
        {
            SampleSlot? slot;
            Request? request = null;
            lock (gate)
            {
                if (!waiting.TryDequeue(out slot))
                    requests.TryDequeue(out request);
            }

            if (slot is not null)
            {
                Guard(() => Write(slot));
                lock (gate)
                    free.Push(slot);
            }
            else if (request is not null)
                Respond(request);
            else if (stopping)
                return;
            else if (!work.WaitOne(fault is null ? Timeout.Infinite : SampleLimits.RetryMs) && fault is not null)
                Guard(Begin);
        }
    }

    /// <summary>Prepares the folder, and sees whether the disk takes files.</summary>
    private void Begin()
    {
        store.Prepare();
        CheckSpace();
        store.Probe();
        Measure();
        if (written == 0 && store.Newest() is { } newest)
            budget.Resume(newest.Day.BeginUtc, newest.Day.Count);
    }

    /// <summary>Numbers only rise, also after the folder was lost: clients ask for what came after a number.</summary>
    private void Measure()
    {
        var now = store.Measure();
        lock (gate)
            totals = now with { LastNumber = Math.Max(totals.LastNumber, now.LastNumber) };
    }

    private void CheckSpace()
    {
        // the same text each time: it is reported once
        if (DiskSpace.FreeBytes(store.Folder) is < SampleLimits.MinFreeBytes)
            throw new IOException($"less than {SampleLimits.MinFreeBytes >> 20} MiB are free on the disk of {store.Folder}");
    }

    private void Write(SampleSlot slot)
    {
        // a folder or a disk that was lost may be back
        if (fault is not null)
            Begin();
        CheckSpace();
        if (!budget.TryTake())
        {
            lock (gate)
                overLimit++;
            return;
        }

        Measure();
        var number = totals.LastNumber + 1;
        var sample = slot.Sample! with { Number = number, Day = budget.Now, Mask = slot.ToMask() };
        var jpeg = slot.ToJpeg();
        if (!store.TryAdd(sample, jpeg, (long)settings.MaxMib << 20))
            throw new IOException($"a frame has {jpeg.Length >> 20} MiB, more than samples.max_mib");
        lock (gate)
        {
            written++;
            totals = totals with { LastNumber = number };
        }

        Measure();
    }

    private void Respond(Request request)
    {
        try
        {
            Measure();
            request.Answer(upload.Answer(totals, device, session, request.Camera, request.Wanted), null);
        }
        catch (Exception e)
        {
            request.Answer([], new CommandError(CommandErrorCode.Internal, $"the kept frames cannot be read ({e.Message})"));
        }
    }

    /// <summary>Work on the disk: its fault is reported once, counted, and taken back when work succeeds again.</summary>
    private void Guard(Action step)
    {
        try
        {
            step();
            if (fault is not null)
                report("frames are kept for labelling again");
            fault = null;
        }
        catch (Exception e)
        {
            lock (gate)
                failed++;
            if (fault != e.Message)
                report($"frames cannot be kept for labelling: {e.Message}");
            fault = e.Message;
        }
    }

    public void Dispose()
    {
        stopping = true;
        work.Set();
        if (!thread.Join(SampleLimits.StopMs))
            // a disk that hangs: the memory stays until the process ends
            return;
        foreach (var slot in free)
            slot.Dispose();
        upload.Dispose();
        work.Dispose();
    }
}
