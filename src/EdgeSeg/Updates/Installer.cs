using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>From an admitted bundle to one that may be activated: fetched, verified, staged, tried. Each step may be repeated.</summary>
internal sealed class Installer(UpdateContext context, IBundleSource source, ICanary canary, UpdateBackoff backoff)
{
    private string contentSlot = "";
    private int contentFaults;

    public async Task PrepareAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        await FetchAsync(bundle, slot, report, cancel);
        Enter(UpdatePhase.Verified, slot, report with { State = UpdateReport.Verifying });
        context.Store.Stage(slot, bundle);
        Enter(UpdatePhase.Staged, slot, report with { State = UpdateReport.Verifying });
        await TryAsync(bundle, slot, report, cancel);
    }

    /// <summary>
    /// Whether wrong content from a server is worth another attempt: it may be a proxy's page, but the same wrong file must not be fetched
    /// for ever.
    /// </summary>
    public bool IsWorthRetry(UpdateException e, string slot)
    {
        if (e.Retry)
            return true;
        if (e.Reason is not (UpdateReason.WrongHash or UpdateReason.TooLong))
            return false;
        if (contentSlot != slot)
            (contentSlot, contentFaults) = (slot, 0);
        return ++contentFaults < UpdateLimits.WrongContentTries;
    }

    /// <summary>A manifest that counts came, or a person asked: no wait and no fault of what was before counts.</summary>
    public void Reset()
    {
        backoff.Reset();
        (contentSlot, contentFaults) = ("", 0);
    }

    private async Task FetchAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        var store = context.Store;
        if (store.Has(slot) && store.IsIntact(slot, out _))
            return;
        store.Prepare();
        // an attempt goes on from what the former one left
        var (folder, total) = (store.Incoming(slot), bundle.Bytes);
        var onDisk = Directory.Exists(folder) ? Math.Min(SlotStore.Size(folder), total) : 0;
        Enter(UpdatePhase.Downloading, slot, report with { State = UpdateReport.Downloading, Bytes = onDisk, BytesTotal = total });
        // the remains of another update must not fill the disk
        store.Collect([slot, .. store.Needed(context.State)]);
        await source.FetchAsync(bundle, folder, Progress, cancel);
        FailPoint.Hit("fetched");

        void Progress(long bytes)
        {
            backoff.Progress(bytes);
            context.Reporter.Report(report with { State = UpdateReport.Downloading, Bytes = bytes, BytesTotal = total });
        }
    }

    private async Task TryAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        if (context.State.Phase == UpdatePhase.CanaryPassed && context.State.Slot == slot)
            return;
        context.Reporter.Report(report with { State = UpdateReport.Canary });
        var store = context.Store;
        var inUse = store.Active is { } active && store.IsIntact(active, out _) ? store.Folder(active) : context.Options.Shipped;
        var result = await canary.RunAsync(store.Folder(slot), inUse, bundle.Canary, cancel);
        Enter(UpdatePhase.CanaryPassed, slot, report with { State = UpdateReport.Canary });
        context.Reporter.Log(
            $"canary of {slot} passed: IoU {result.Iou:0.000}, {result.LatencyRatio:0.00} times the "
                + $"time of the model in use, {result.MemoryMib:0} MiB"
        );
    }

    private void Enter(UpdatePhase phase, string slot, UpdateReport report)
    {
        var state = context.State;
        // a phase that was passed before is not entered again: the canary's result outlives a restart
        if (state.Slot != slot || state.Phase < phase)
        {
            context.File.Save(state with { Phase = phase, Slot = slot });
            FailPoint.Hit("phase:" + phase);
        }

        context.Reporter.Report(report);
    }
}
