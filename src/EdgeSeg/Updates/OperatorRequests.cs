using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>What a person on the device asked for with <c>edgeseg model use</c>, <c>rollback</c> or <c>retry</c>.</summary>
internal sealed class OperatorRequests(UpdateContext context, Trial trial)
{
    /// <exception cref="UpdateException">It cannot be done.</exception>
    public async Task RunAsync(string request, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var state = context.State;
        switch (request)
        {
            case UpdateHold.RetryWord:
                context.File.Save(state with { Failed = [] });
                context.Reporter.Log("failed updates are tried again, by request of the operator");
                break;
            case UpdateHold.RollbackWord when state.Phase == UpdatePhase.Trial:
                await trial.RollBackAsync(UpdateReason.Operator, "rolled back by the operator");
                break;
            case UpdateHold.RollbackWord:
                await UseAsync(state.Former);
                break;
            default:
                await UseAsync(request == UpdateHold.ShippedWord ? null : request);
                break;
        }
    }

    private async Task UseAsync(string? slot)
    {
        var (store, state) = (context.Store, context.State);
        if (slot is not null && !store.IsIntact(slot, out var problem))
            throw new UpdateException(UpdateReason.SlotDamaged, $"{slot} cannot be used: {problem}");
        var former = store.Active;
        store.Activate(slot);
        // no trial, and the manifest that was accepted before does not undo it
        var failed = state.SerialId is { } id
            ? Rollback.Remember(state, new FailedUpdate(id, UpdateReason.Operator, "the operator chose another model"))
            : state.Failed;
        context.File.Save(state with { Phase = UpdatePhase.Idle, Slot = null, Former = former, Starts = 0, Failed = failed });
        await context.Host.SwapAsync(slot is null ? null : store.Folder(slot), CancellationToken.None);
        context.Reporter.Log($"model {slot ?? "shipped with the program"} serves, chosen by the operator");
        var report = slot is null
            ? new UpdateReport(UpdateReport.Idle, Text: "the operator chose the shipped model")
            : UpdateReporter.Of(slot, UpdateReport.Active, context.State.Serial) with
            {
                Text = "chosen by the operator",
            };
        context.Reporter.Report(report with { Reason = UpdateReason.Operator });
    }
}
