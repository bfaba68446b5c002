using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>The way back from a trial, each step on the disk before the next.</summary>
internal static class Rollback
{
    /// <summary>The former model serves again; the update is remembered as failed.</summary>
    /// <param name="store">The slots.</param>
    /// <param name="file">The state; its update is on trial.</param>
    /// <param name="reason">One of <see cref="UpdateReason"/>.</param>
    /// <param name="text">A sentence.</param>
    public static void Run(SlotStore store, StateFile file, string reason, string text)
    {
        file.Save(file.State with { Phase = UpdatePhase.RollingBack, Reason = reason, Text = text });
        FailPoint.Hit("rollback:begun");
        Finish(store, file);
    }

    /// <summary>The second half, also after a power cut in between.</summary>
    public static void Finish(SlotStore store, StateFile file)
    {
        var state = file.State;
        // the former model may have been removed or damaged since
        var former = state.Former is { } slot && store.Has(slot) && store.IsIntact(slot, out _) ? slot : null;
        store.Activate(former);
        FailPoint.Hit("rollback:linked");
        file.Save(
            state with
            {
                Phase = UpdatePhase.Idle,
                Slot = null,
                Former = null,
                Starts = 0,
                TrialSince = null,
                Baseline = null,
                Terms = null,
                Failed = Remember(
                    state,
                    new FailedUpdate(state.UpdateId ?? state.SerialId ?? "", state.Reason ?? UpdateReason.Operator, state.Text ?? "")
                ),
                Last = new LastOutcome(UpdateReport.RolledBack, state.Slot, state.UpdateSerial ?? state.Serial, state.Reason, state.Text),
                UpdateId = null,
                UpdateSerial = null,
                Reason = null,
                Text = null,
            }
        );
        FailPoint.Hit("rollback:done");
    }

    /// <summary>The list with one more; the oldest is forgotten.</summary>
    public static IReadOnlyList<FailedUpdate> Remember(UpdateState state, FailedUpdate failed) =>
        [.. state.Failed.Where(f => f.Id != failed.Id).Append(failed).TakeLast(UpdateLimits.FailedKept)];
}
