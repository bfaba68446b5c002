using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Brings the device to the model that a signed manifest names, and keeps it there:
/// <code>
/// announced -> downloading -> verified -> staged -> canary -> activated -> good
///                                                                       -> rolled back
/// </code>
/// <see cref="AdvanceAsync"/> is that list. Each state is on the disk before the next begins, and each step may be repeated, so the next
/// process goes on from wherever this one ends. It has a loop of its own; only <see cref="IModelHost.SwapAsync"/> touches the frame path.
/// </summary>
internal sealed class Updater
{
    private readonly UpdateContext context;
    private readonly ManifestInbox inbox;
    private readonly UpdateHold hold;
    private readonly Trial trial;
    private readonly Installer installer;
    private readonly OperatorRequests requests;
    private readonly ManifestSelector selector;
    private readonly UpdateBackoff backoff;
    private long seen = -1;

    /// <summary>The serial of the manifest that is followed; null: none was verified.</summary>
    private long? followed;

    /// <summary>The verified manifest and the key set of the last look.</summary>
    private (string? Manifest, string? Keys) known;

    /// <summary>What the wait for the next attempt is for; null: for a refusal, or there is none.</summary>
    private UpdateException? failure;

    /// <param name="context">The device, its disk, its model and its reports.</param>
    /// <param name="source">Fetches bundles.</param>
    /// <param name="canary">Tries them.</param>
    /// <param name="inbox">The manifests that come.</param>
    public Updater(UpdateContext context, IBundleSource source, ICanary canary, ManifestInbox inbox)
    {
        (this.context, this.inbox) = (context, inbox);
        hold = new UpdateHold(context.Store.Root);
        backoff = new UpdateBackoff(context.Time);
        trial = new Trial(context);
        installer = new Installer(context, source, canary, backoff);
        requests = new OperatorRequests(context, trial);
        selector = new ManifestSelector(context, new KeyRotation(context), inbox);
    }

    /// <summary>A hold that came over MQTT.</summary>
    public bool HeldRemotely
    {
        get => hold.Remote;
        set => hold.Remote = value;
    }

    private UpdateState State => context.State;

    /// <summary>Works until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        context.Reporter.ReportLast(State);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await inbox.SettleAsync(context.Time, cancel);
                await RunOnceAsync(inbox.Begin(cancel));
            }
            catch (OperationCanceledException)
            {
                // another manifest came, or the service stops
                continue;
            }
            finally
            {
                inbox.End();
            }

            await inbox.WaitAsync(TimeSpan.FromMilliseconds(UpdateLimits.UpdateLookMs), context.Time, cancel);
        }
    }

    /// <summary>Looks once at what is to be done, and does it. No exception leaves it but that of cancelling.</summary>
    public async Task RunOnceAsync(CancellationToken cancel)
    {
        var (file, store) = (context.File, context.Store);
        followed = null;
        try
        {
            if (file.Problem is { } problem)
                throw new UpdateException(file.Found == StateFound.Newer ? UpdateReason.StateNewer : UpdateReason.StateUnreadable, problem);
            await RunRequestAsync(cancel);
            if (State.Phase == UpdatePhase.Trial)
                await trial.WatchAsync(cancel);
            if (Choose() is not { } choice)
                return;
            backoff.Reset(rests: await FollowAsync(choice, cancel));
        }
        catch (UpdateException e)
        {
            Fail(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(DiskFault.Of(e, store.Root));
        }
    }

    /// <summary>Does only what a person on the device asked for; for when the service is down.</summary>
    /// <exception cref="UpdateException">It cannot be done.</exception>
    public async Task RunRequestAsync(CancellationToken cancel)
    {
        if (hold.TakeRequest() is not { } request)
            return;
        if (request == UpdateHold.RetryWord)
            installer.Reset();
        await requests.RunAsync(request, cancel);
    }

    /// <summary>
    /// Judges what came, at once. Only a verified manifest or key set ends the wait for the next attempt: anyone whom the broker lets
    /// publish could otherwise make the device ask its server without a pause.
    /// </summary>
    /// <returns>Null: nothing is to be done now.</returns>
    private ManifestChoice? Choose()
    {
        if (backoff.IsResting && inbox.Offered == seen)
            return null;
        seen = inbox.Offered;
        var wasRefused = context.Reporter.Refusal is not null;
        var choice = selector.Choose();
        context.Reporter.SetRefusal(choice.Refusal);
        var isWithdrawn = wasRefused && choice.Refusal is null;
        var found = (choice.Newest?.Id, context.State.KeysId);
        if (found != known)
        {
            known = found;
            installer.Reset();
        }
        else if (backoff.WillRetry && !(isWithdrawn && failure is null))
        {
            if (isWithdrawn)
                context.Reporter.Fail(failure!, choice.Newest?.Manifest.Serial);
            return null;
        }

        if (isWithdrawn && choice.Newest is null)
            context.Reporter.ReportLast(State);
        return choice;
    }

    /// <summary>Goes one step with the newest verified manifest.</summary>
    /// <returns>True: there is nothing more to do until something comes.</returns>
    private async Task<bool> FollowAsync(ManifestChoice choice, CancellationToken cancel)
    {
        if (choice.Newest is { } newest && !await AdvanceAsync(newest, cancel))
            return false;

        // a refusal that time may lift is checked again
        return choice.Refusal is { Retry: true } refusal ? throw refusal : true;
    }

    /// <summary>The whole way of one manifest. True when it is at its end.</summary>
    private async Task<bool> AdvanceAsync(VerifiedManifest verified, CancellationToken cancel)
    {
        var (manifest, id, _) = verified;
        followed = manifest.Serial;
        UpdateGate.Accept(manifest, id, State, context.Now, context.Options.ClockSynced()).ThrowIfRefused();
        Accept(verified);
        if (manifest.Action == ManifestRules.Abort)
            await AbortAsync(manifest, cancel);
        if (manifest.Action == ManifestRules.Pause)
            Pause(manifest);
        if (manifest.Bundle is not { } bundle)
            return true;
        if (State.Phase == UpdatePhase.Trial)
            return false;
        var slot = SlotStore.NameOf(bundle);
        var report = new UpdateReport(UpdateReport.Waiting, bundle.Name, bundle.Version, manifest.Serial);
        if (IsServing(slot, report))
            return true;
        try
        {
            UpdateGate.CheckCompatible(bundle, State, context.Options.Device).ThrowIfRefused();
            if (!IsAdmitted(UpdateGate.Start(manifest, context.Options.Device, context.Now, hold.Holding), report))
                return false;
            await installer.PrepareAsync(bundle, slot, report, cancel);
            var swap = UpdateGate.Swap(
                manifest,
                context.Now,
                context.Options.ClockSynced(),
                hold.Holding,
                context.Options.Window,
                context.Time.GetLocalNow()
            );
            if (IsAdmitted(swap, report))
                await trial.StartAsync(bundle, slot, report, cancel);
            return false;
        }
        catch (UpdateException e) when (e.Reason != UpdateReason.Pinned)
        {
            if (installer.IsWorthRetry(e, slot))
                throw e.Retry ? e : new UpdateException(e.Reason, e.Message, retry: true);
            Remember(id, slot, manifest.Serial, e);
            throw;
        }
    }

    /// <summary>
    /// From now on no older manifest counts. It is kept on disk, so that the update goes on after a restart without a broker.
    /// </summary>
    private void Accept(VerifiedManifest verified)
    {
        var (manifest, id, envelope) = verified;
        inbox.Keep(context.Store.Root, envelope);
        if (State.SerialId == id && State.TakenId == id)
            return;
        context.File.Save(State with { Serial = manifest.Serial, SerialId = id, TakenId = id, NewestTime = context.NewestTime(manifest) });
        FailPoint.Hit("taken");
    }

    private bool IsServing(string slot, UpdateReport report)
    {
        if (context.Store.Active != slot)
            return false;
        if (State.Phase != UpdatePhase.Idle)
            context.File.Save(State with { Phase = UpdatePhase.Idle, Slot = null });
        context.Reporter.ReportLasting(report with { State = UpdateReport.Active });
        return true;
    }

    /// <summary>False: it must wait, which is reported.</summary>
    private bool IsAdmitted(Admission admission, UpdateReport report)
    {
        admission.ThrowIfRefused();
        if (admission.Kind == AdmissionKind.Proceed)
            return true;
        context.Reporter.ReportLasting(report with { State = UpdateReport.Waiting, Reason = admission.Reason, Text = admission.Text });
        return false;
    }

    private void Pause(Manifest manifest) =>
        context.Reporter.ReportLasting(
            new UpdateReport(UpdateReport.Waiting, Serial: manifest.Serial, Reason: UpdateReason.Paused, Text: "the roll-out is paused")
        );

    private async Task AbortAsync(Manifest manifest, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (State.Phase == UpdatePhase.Trial)
        {
            await trial.RollBackAsync(UpdateReason.Aborted, "the roll-out was aborted");
        }
        else if (State.Phase != UpdatePhase.Idle)
        {
            context.File.Save(State with { Phase = UpdatePhase.Idle, Slot = null });
            context.Store.Collect(context.Store.Needed(State));
        }

        context.Reporter.ReportLasting(
            new UpdateReport(UpdateReport.Idle, Serial: manifest.Serial, Reason: UpdateReason.Aborted, Text: "the roll-out was aborted")
        );
    }

    /// <summary>A failure that would repeat itself: the same manifest is not tried again.</summary>
    private void Remember(string id, string slot, long serial, UpdateException e)
    {
        if (e.Reason is UpdateReason.FailedBefore)
            return;
        context.File.Save(
            State with
            {
                Phase = UpdatePhase.Idle,
                Slot = null,
                Failed = Rollback.Remember(State, new FailedUpdate(id, e.Reason, e.Message)),
                Last = new LastOutcome(UpdateReport.Refused, slot, serial, e.Reason, e.Message),
            }
        );
        context.Store.Collect(context.Store.Needed(State));
    }

    private void Fail(UpdateException e)
    {
        // what failed before is reported with its own reason
        if (e.Reason == UpdateReason.FailedBefore && State.Last is not null)
            context.Reporter.ReportLast(State);
        else
            context.Reporter.Fail(e, followed);
        failure = ReferenceEquals(e, context.Reporter.Refusal) ? null : e;
        if (e.Retry)
            backoff.Wait(e.RetryAfter);
        else
            backoff.Rest();
    }
}
