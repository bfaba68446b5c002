using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// From the swap of the model to its end: good, or rolled back with a reason. Each step is on the disk before the next begins.
/// </summary>
internal sealed class Trial(UpdateContext context)
{
    /// <summary>One rename on the disk, then the swap between two frames. A crash on the way counts as one of the trial's.</summary>
    public async Task StartAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        var (host, time, file) = (context.Host, context.Time, context.File);
        if (host.IsBusy)
        {
            context.Reporter.ReportLasting(
                report with
                {
                    State = UpdateReport.Waiting,
                    Reason = UpdateReason.Busy,
                    Text = "a command or a trigger is answered first",
                }
            );
        }

        var since = time.GetTimestamp();
        while (host.IsBusy && time.GetElapsedTime(since).TotalMilliseconds < UpdateLimits.SwapWaitMs)
            await Task.Delay(TimeSpan.FromMilliseconds(UpdateLimits.UpdateLookMs / 10), time, cancel);
        file.Save(
            context.State with
            {
                Phase = UpdatePhase.Activating,
                Slot = slot,
                Former = context.Store.Active,
                Starts = 0,
                Baseline = host.Live,
                Terms = bundle.Live,
                TrialSince = null,
                UpdateId = context.State.TakenId,
                UpdateSerial = report.Serial,
            }
        );
        FailPoint.Hit("activating");
        context.Store.Activate(slot);
        FailPoint.Hit("activated");
        file.Save(context.State with { Phase = UpdatePhase.Trial, Starts = 1, TrialSince = time.GetUtcNow() });
        FailPoint.Hit("trial");
        context.Reporter.Log($"model {slot} is on trial; the model before it: {context.State.Former ?? "the shipped bundle"}");
        context.Reporter.Report(report with { State = UpdateReport.Trial });
        try
        {
            await host.SwapAsync(context.Store.Folder(slot), CancellationToken.None);
        }
        catch (UpdateException e)
        {
            await RollBackAsync(e.Reason, e.Message);
        }
    }

    /// <summary>Looks at the live results of a model on trial, and ends the trial when they suffice.</summary>
    public async Task WatchAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var state = context.State;
        var (terms, live) = (state.Terms ?? new LiveTerms(), context.Host.Live);
        var waited = (context.Time.GetUtcNow() - (state.TrialSince ?? DateTimeOffset.MinValue)).TotalSeconds;
        // a clock that was set back must not keep a trial open for ever
        if (live.Results < terms.Frames && waited >= 0 && waited < terms.WaitS)
        {
            var report = UpdateReporter.Of(state.Slot!, UpdateReport.Trial, state.UpdateSerial ?? state.Serial);
            context.Reporter.Report(report with { Text = $"{live.Results} of {terms.Frames} live results" });
            return;
        }

        if (live.Results >= terms.Frames && state.Baseline is { } baseline && LiveComparison.Worse(baseline, live, terms) is { } worse)
            await RollBackAsync(UpdateReason.LiveQuality, worse);
        else
            Commit();
    }

    /// <summary>The former model serves again, on the disk first.</summary>
    public async Task RollBackAsync(string reason, string text)
    {
        var (store, reporter) = (context.Store, context.Reporter);
        reporter.Log($"model {context.State.Slot} is rolled back ({reason}): {text}");
        Rollback.Run(store, context.File, reason, text);
        try
        {
            await context.Host.SwapAsync(store.Active is { } former ? store.Folder(former) : null, CancellationToken.None);
        }
        catch (UpdateException e) when (store.Active is not null)
        {
            reporter.Log($"the former model does not load ({e.Message}): the shipped one serves");
            store.Activate(null);
            await context.Host.SwapAsync(null, CancellationToken.None);
        }

        reporter.ReportLast(context.State);
    }

    private void Commit()
    {
        var state = context.State;
        var slot = state.Slot!;
        var (name, version) = SlotStore.Parts(slot);
        var floor = KeyValuePair.Create(name, Math.Max(version, state.Floors.GetValueOrDefault(name)));
        context.File.Save(
            state with
            {
                Phase = UpdatePhase.Idle,
                Slot = null,
                Starts = 0,
                TrialSince = null,
                Baseline = null,
                Terms = null,
                Floors = state.Floors.Where(f => f.Key != name).TakeLast(UpdateLimits.MaxModelNames - 1).Append(floor).ToDictionary(),
                Last = new LastOutcome(UpdateReport.Active, slot, state.UpdateSerial ?? state.Serial, null, null),
                UpdateId = null,
                UpdateSerial = null,
            }
        );
        FailPoint.Hit("good");
        context.Store.Collect(context.Store.Needed(context.State));
        context.Reporter.Log($"model {slot} is good");
        context.Reporter.ReportLast(context.State);
    }
}
