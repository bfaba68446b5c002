using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>
/// Chooses the bundle that serves when the service starts: the one that the link names if every byte of it is right, else the former one,
/// else the one shipped with the program. Also finishes what a power cut interrupted, and counts the starts of a model on trial.
/// </summary>
/// <param name="store">The slots.</param>
/// <param name="file">The state.</param>
/// <param name="log">Receives journal lines.</param>
internal sealed class ModelBoot(SlotStore store, StateFile file, Action<string> log)
{
    /// <summary>The slot to load; null: the shipped bundle.</summary>
    public string? Choose(DateTimeOffset now)
    {
        if (file.Problem is { } problem)
        {
            log($"model updates are stopped: {problem}");
            return store.Active is { } active && Intact(active) ? active : null;
        }

        return Guarded(() =>
        {
            Finish(now);
            return Serving();
        });
    }

    /// <summary>The chosen slot does not load: the next one to try; null: the shipped bundle.</summary>
    public string? AfterFailure(string slot, string text) =>
        Guarded(() =>
        {
            log($"the model {slot} does not load ({text}): the one before it is loaded");
            if (file.Problem is not null)
                return null;
            if (file.State is { Phase: UpdatePhase.Trial } trial && trial.Slot == slot)
                Rollback.Run(store, file, UpdateReason.DoesNotLoad, text);
            else
                Replace(slot);
            return Serving();
        });

    private void Finish(DateTimeOffset now)
    {
        var state = file.State;
        switch (state.Phase)
        {
            case UpdatePhase.Activating when store.Active == state.Slot:
                file.Save(state with { Phase = UpdatePhase.Trial, TrialSince = now, Starts = 1 });
                break;
            case UpdatePhase.Activating:
                file.Save(state with { Phase = UpdatePhase.CanaryPassed });
                break;
            case UpdatePhase.Trial when state.Starts >= UpdateLimits.TrialCrashes:
                var text = $"the service ended {state.Starts} times without a proper stop while this model was on trial";
                log($"{text} ({state.Slot}): the former model serves again");
                Rollback.Run(store, file, UpdateReason.CrashLoop, text);
                break;
            case UpdatePhase.Trial:
                file.Save(state with { Starts = state.Starts + 1 });
                break;
            case UpdatePhase.RollingBack:
                Rollback.Finish(store, file);
                break;
        }
    }

    private string? Serving()
    {
        while (store.Active is { } slot)
        {
            if (Intact(slot))
                return slot;
            if (file.State is { Phase: UpdatePhase.Trial } trial && trial.Slot == slot)
                Rollback.Run(store, file, UpdateReason.SlotDamaged, $"the files of {slot} are damaged");
            else
                Replace(slot);
        }

        return null;
    }

    /// <summary>A good model was damaged since.</summary>
    private void Replace(string slot)
    {
        var former = file.State.Former;
        store.Activate(former is not null && former != slot && store.Has(former) ? former : null);
        file.Save(file.State with { Former = null });
    }

    private bool Intact(string slot)
    {
        if (store.IsIntact(slot, out var problem))
            return true;
        log($"the model {slot} is not intact: {problem}");
        return false;
    }

    /// <summary>A model must serve even when the disk cannot be written.</summary>
    private string? Guarded(Func<string?> choose)
    {
        try
        {
            return choose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log($"{store.Root} cannot be written ({e.Message}): model updates are stopped");
            string?[] left = [store.Active, file.State.Former];
            return left.FirstOrDefault(s => s is not null && store.Has(s) && Intact(s));
        }
    }
}
