using System.Security.Cryptography;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Updates;

/// <summary>What the updater needs of the device.</summary>
internal sealed record UpdaterOptions
{
    public required DeviceInfo Device { get; init; }

    /// <summary>The keys that the settings name.</summary>
    public required KeySet Keys { get; init; }

    /// <summary>Null: at any time.</summary>
    public MaintenanceWindow? Window { get; init; }

    /// <summary>The bundle shipped with the program.</summary>
    public required string Shipped { get; init; }

    public Func<bool> ClockSynced { get; init; } = () => true;
}

/// <summary>
/// Brings the device to the model that a signed manifest names, and stays there:
/// <code>
/// announced -> downloading -> verified -> staged -> canary -> activated -> good
///                                                                       -> rolled back
/// </code>
/// <see cref="AdvanceAsync"/> is that list. Each state is on the disk before the next begins, and each step may be repeated, so whatever ends the process, the
/// next one goes on from there. One loop of its own; nothing here touches the way of a frame but <see cref="IModelHost.SwapAsync"/>.
/// </summary>
internal sealed class Updater
{
    private readonly UpdaterOptions options;
    private readonly SlotStore store;
    private readonly StateFile file;
    private readonly IModelHost host;
    private readonly Func<BundleInfo, string, Action<long>, CancellationToken, Task> fetch;
    private readonly Func<string, string, CanaryTerms, CancellationToken, Task<CanaryVerdict>> canary;
    private readonly ManifestInbox desired;
    private readonly UpdateHold holds;
    private readonly TimeProvider time;
    private readonly Action<UpdateReport> tell;
    private readonly Action<string> log;
    private readonly UpdateBackoff backoff = new();
    private UpdateReport? told;
    private long seen = -1,
        restUntil;

    /// <param name="options">The device.</param>
    /// <param name="store">Slots.</param>
    /// <param name="file">State.</param>
    /// <param name="host">Who runs the model.</param>
    /// <param name="fetch">Fetches a bundle's files into a folder (Download).</param>
    /// <param name="canary">Tries a bundle (<see cref="Canary.RunAsync"/>).</param>
    /// <param name="desired">Where manifests come in.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="tell">Takes each report; must not throw, and what becomes of it changes nothing.</param>
    /// <param name="log">Takes a line for people.</param>
    public Updater(
        UpdaterOptions options,
        SlotStore store,
        StateFile file,
        IModelHost host,
        Func<BundleInfo, string, Action<long>, CancellationToken, Task> fetch,
        Func<string, string, CanaryTerms, CancellationToken, Task<CanaryVerdict>> canary,
        ManifestInbox desired,
        TimeProvider time,
        Action<UpdateReport> tell,
        Action<string> log
    )
    {
        (this.options, this.store, this.file, this.host, this.fetch, this.canary, this.desired, this.time, this.tell, this.log) = (
            options,
            store,
            file,
            host,
            fetch,
            canary,
            desired,
            time,
            tell,
            log
        );
        holds = new UpdateHold(store.Root);
    }

    /// <summary>A hold that came over MQTT.</summary>
    public bool HeldRemotely
    {
        get => holds.Remote;
        set => holds.Remote = value;
    }

    private UpdateState State => file.State;

    private KeySet Keys => State.Keys is { } rotated ? KeySet.Of(rotated) : options.Keys;

    /// <summary>The time, never earlier than the newest seen.</summary>
    private DateTimeOffset Now => time.GetUtcNow() is var clock && clock > State.NewestTime ? clock : State.NewestTime;

    /// <summary>Works until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        TellLast();
        while (!cancel.IsCancellationRequested)
        {
            var attempt = desired.Begin(cancel);
            try
            {
                await TurnAsync(attempt);
            }
            catch (OperationCanceledException)
            {
                // another manifest came, or the service stops
                continue;
            }
            finally
            {
                desired.End();
            }

            await desired.WaitAsync(TimeSpan.FromMilliseconds(UpdateLimits.UpdateLookMs), time, cancel);
        }
    }

    /// <summary>One look at what is to be done, and doing it. Nothing but cancelling comes out of it as an exception.</summary>
    public async Task TurnAsync(CancellationToken cancel)
    {
        if (desired.News != seen)
            (seen, restUntil) = (desired.News, 0);
        try
        {
            if (file.Problem is { } problem)
                throw new UpdateException(file.Found == StateFound.Newer ? UpdateReason.StateNewer : UpdateReason.StateUnreadable, problem);
            if (holds.TakeRequest() is { } request)
                await ObeyAsync(request, cancel);
            if (State.Phase == UpdatePhase.Trial)
                await WatchTrialAsync(cancel);
            if (time.GetTimestamp() < restUntil)
                return;
            if (await ConvergeAsync(cancel))
                restUntil = long.MaxValue;
            backoff.Reset();
        }
        catch (UpdateException e)
        {
            Refuse(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Refuse(new UpdateException(DiskReason(e), $"{store.Root} cannot be written ({e.Message})", retry: true));
        }
    }

    /// <summary>Only what was asked for by hand; for when the service is down.</summary>
    /// <exception cref="UpdateException">It cannot be done.</exception>
    public async Task ObeyRequestAsync(CancellationToken cancel)
    {
        if (holds.TakeRequest() is { } request)
            await ObeyAsync(request, cancel);
    }

    /// <summary>Goes by the newest genuine manifest. True when there is nothing more to do until something comes.</summary>
    private async Task<bool> ConvergeAsync(CancellationToken cancel)
    {
        UpdateException? refused = null;
        VerifiedManifest? newest = null;
        foreach (var (bytes, isOffer) in desired.Take(store.Root))
        {
            try
            {
                if (Open(bytes) is not { } genuine)
                    continue;
                // a fleet's older manifest beside the device's own is nothing to complain of; one that is older than what was taken before is
                if (newest is not null && !isOffer && Precedes(newest, genuine))
                    refused = new UpdateException(
                        UpdateReason.Replayed,
                        $"its serial {newest.Manifest.Serial} is older than {genuine.Manifest.Serial}, which was taken already"
                    );
                if (newest is null || Precedes(newest, genuine))
                    newest = genuine;
            }
            catch (UpdateException e)
            {
                // what was kept was genuine once: its keys were rotated since
                if (isOffer)
                    refused ??= e;
            }
        }

        var isSettled = newest is null || await AdvanceAsync(newest, cancel);
        if (isSettled && refused is not null)
            throw refused;
        return isSettled;
    }

    /// <summary>Signature first; nothing of the manifest is parsed before. Null: a key set that is in force already.</summary>
    private VerifiedManifest? Open(byte[] bytes)
    {
        var envelope = Envelope.Read(bytes);
        var id = Convert.ToHexStringLower(SHA256.HashData(envelope.Manifest));
        // signed by keys that it may have ended
        if (id == State.KeysId)
            return null;
        Verifier.Require(envelope, Keys, Now);
        return new VerifiedManifest(Manifest.Read(envelope.Manifest), id, bytes);
    }

    /// <summary>Keys come before bundles, later serials before earlier ones.</summary>
    private static bool Precedes(VerifiedManifest one, VerifiedManifest other) =>
        (other.Manifest.Action == ManifestRules.Keys, other.Manifest.Serial).CompareTo(
            (one.Manifest.Action == ManifestRules.Keys, one.Manifest.Serial)
        ) > 0;

    /// <summary>The whole way of one manifest. True when it is at its end.</summary>
    private async Task<bool> AdvanceAsync(VerifiedManifest genuine, CancellationToken cancel)
    {
        var (manifest, id, _) = genuine;
        if (manifest.Action == ManifestRules.Keys)
        {
            Rotate(manifest, id);
            return false;
        }

        UpdateGate.Admit(manifest, id, State, Now, options.ClockSynced());
        Take(genuine);
        if (manifest.Action == ManifestRules.Abort)
            await AbortAsync(manifest, cancel);
        if (manifest.Action == ManifestRules.Pause)
            Report(
                new UpdateReport(UpdateReport.Waiting, Serial: manifest.Serial, Reason: UpdateReason.Paused, Text: "the roll-out is paused")
            );
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
            UpdateGate.Suit(bundle, State, options.Device);
            if (Waits(manifest, report))
                return false;
            await FetchAsync(bundle, slot, report, cancel);
            Enter(UpdatePhase.Verified, slot, report with { State = UpdateReport.Verifying });
            store.Stage(slot, bundle);
            Enter(UpdatePhase.Staged, slot, report with { State = UpdateReport.Verifying });
            await TryAsync(bundle, slot, report, cancel);
            if (IsQuiet(manifest, report))
                await ActivateAsync(bundle, slot, report, cancel);
            return false;
        }
        catch (UpdateException e) when (!e.Retry && e.Reason != UpdateReason.Pinned)
        {
            Remember(id, slot, manifest.Serial, e);
            throw;
        }
    }

    /// <summary>From now on no older manifest counts; what the signers asked for last is kept, so that it is gone on with after a restart without a broker.</summary>
    private void Take(VerifiedManifest genuine)
    {
        var (manifest, id, envelope) = genuine;
        desired.Keep(store.Root, envelope);
        if (State.SerialId == id)
            return;
        file.Save(State with { Serial = manifest.Serial, SerialId = id, NewestTime = Newest(manifest) });
        FailPoint.Hit("taken");
    }

    private DateTimeOffset Newest(Manifest manifest)
    {
        var newest = State.NewestTime > manifest.Issued ? State.NewestTime : manifest.Issued;
        return options.ClockSynced() && time.GetUtcNow() is var clock && clock > newest ? clock : newest;
    }

    private bool IsServing(string slot, UpdateReport report)
    {
        if (store.Active != slot)
            return false;
        if (State.Phase != UpdatePhase.Idle)
            file.Save(State with { Phase = UpdatePhase.Idle, Slot = null });
        Report(report with { State = UpdateReport.Active });
        return true;
    }

    /// <summary>Reasons to wait before anything is fetched.</summary>
    private bool Waits(Manifest manifest, UpdateReport report)
    {
        if (manifest.Rollout is { } rollout && UpdateGate.Share(rollout.Salt, options.Device.Device) >= rollout.Percent)
            return Wait(report, UpdateReason.NotInRollout, $"the roll-out is at {rollout.Percent} %, this device's share comes later");
        if (manifest.NotBefore is { } from && Now < from)
            return Wait(report, UpdateReason.NotBefore, $"not before {from:u}");
        return holds.Holding && Wait(report, UpdateReason.Held, "updates are held on this device");
    }

    /// <summary>Whether the model may be swapped now; the manifest may have run out since it was taken.</summary>
    private bool IsQuiet(Manifest manifest, UpdateReport report)
    {
        if (manifest.Expires <= Now)
            throw new UpdateException(
                UpdateReason.Expired,
                $"it expired at {manifest.Expires:u}, before it could be activated",
                retry: !options.ClockSynced()
            );
        if (holds.Holding)
            return !Wait(report, UpdateReason.Held, "updates are held on this device");
        return options.Window?.UpdateHold(time.GetLocalNow()) != false
            || !Wait(report, UpdateReason.Window, "the swap waits for the maintenance window");
    }

    private bool Wait(UpdateReport report, string reason, string text)
    {
        Report(report with { State = UpdateReport.Waiting, Reason = reason, Text = text });
        return true;
    }

    private async Task FetchAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        if (store.Has(slot) && store.IsIntact(slot, out _))
            return;
        store.Prepare();
        Enter(UpdatePhase.Downloading, slot, report with { State = UpdateReport.Downloading, Bytes = 0, BytesTotal = bundle.Bytes });
        // what another update has left must not fill the disk
        store.Collect([slot, .. store.Needed(State)]);
        await fetch(
            bundle,
            store.Incoming(slot),
            bytes => Report(report with { State = UpdateReport.Downloading, Bytes = bytes, BytesTotal = bundle.Bytes }),
            cancel
        );
        FailPoint.Hit("fetched");
    }

    private async Task TryAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        if (State.Phase == UpdatePhase.CanaryPassed && State.Slot == slot)
            return;
        Report(report with { State = UpdateReport.Canary });
        var inUse = store.Active is { } active && store.IsIntact(active, out _) ? store.Folder(active) : options.Shipped;
        var verdict = await canary(store.Folder(slot), inUse, bundle.Canary, cancel);
        Enter(UpdatePhase.CanaryPassed, slot, report with { State = UpdateReport.Canary });
        log(
            $"canary of {slot} passed: IoU {verdict.Iou:0.000}, {verdict.LatencyRatio:0.00} times the time of the model in use, {verdict.MemoryMib:0} MiB"
        );
    }

    /// <summary>One rename on the disk, then the swap between two frames. A crash on the way counts as one of the trial's.</summary>
    private async Task ActivateAsync(BundleInfo bundle, string slot, UpdateReport report, CancellationToken cancel)
    {
        if (host.IsBusy)
            Wait(report, UpdateReason.Busy, "a command or a trigger is answered first");
        var since = time.GetTimestamp();
        while (host.IsBusy && time.GetElapsedTime(since).TotalMilliseconds < UpdateLimits.SwapWaitMs)
            await Task.Delay(TimeSpan.FromMilliseconds(UpdateLimits.UpdateLookMs / 10), time, cancel);
        file.Save(
            State with
            {
                Phase = UpdatePhase.Activating,
                Slot = slot,
                Former = store.Active,
                Starts = 0,
                Baseline = host.Live,
                Terms = bundle.Live,
                TrialSince = null,
            }
        );
        FailPoint.Hit("activating");
        store.Activate(slot);
        FailPoint.Hit("activated");
        file.Save(State with { Phase = UpdatePhase.Trial, Starts = 1, TrialSince = time.GetUtcNow() });
        FailPoint.Hit("trial");
        log($"model {slot} is on trial; before it: {State.Former ?? "the shipped bundle"}");
        Report(report with { State = UpdateReport.Trial });
        try
        {
            await host.SwapAsync(store.Folder(slot), CancellationToken.None);
        }
        catch (UpdateException e)
        {
            await BackAsync(e.Reason, e.Message);
        }
    }

    private async Task WatchTrialAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var terms = State.Terms ?? new LiveTerms();
        var live = host.Live;
        var waited = (time.GetUtcNow() - (State.TrialSince ?? DateTimeOffset.MinValue)).TotalSeconds;
        // a clock that was set back must not keep a trial open for ever
        if (live.Results < terms.Frames && waited >= 0 && waited < terms.WaitS)
        {
            Report(Told(State.Slot!, UpdateReport.Trial, null, $"{live.Results} of {terms.Frames} live results"));
            return;
        }

        if (live.Results >= terms.Frames && State.Baseline is { } baseline && LiveQuality.Worse(baseline, live, terms) is { } worse)
            await BackAsync(UpdateReason.LiveQuality, worse);
        else
            Commit();
    }

    private void Commit()
    {
        var slot = State.Slot!;
        var (name, version) = SlotStore.Parts(slot);
        var floors = State
            .Floors.Where(f => f.Key != name)
            .TakeLast(UpdateLimits.MaxModelNames - 1)
            .Append(KeyValuePair.Create(name, Math.Max(version, State.Floors.GetValueOrDefault(name))))
            .ToDictionary();
        file.Save(
            State with
            {
                Phase = UpdatePhase.Idle,
                Slot = null,
                Starts = 0,
                TrialSince = null,
                Baseline = null,
                Terms = null,
                Floors = floors,
                Last = new LastOutcome(UpdateReport.Active, slot, State.Serial, null, null),
            }
        );
        FailPoint.Hit("good");
        store.Collect(store.Needed(State));
        log($"model {slot} is good");
        TellLast();
    }

    /// <summary>The former model serves again, on the disk first.</summary>
    private async Task BackAsync(string reason, string text)
    {
        log($"model {State.Slot} is taken back ({reason}): {text}");
        Rollback.Run(store, file, reason, text);
        try
        {
            await host.SwapAsync(store.Active is { } former ? store.Folder(former) : null, CancellationToken.None);
        }
        catch (UpdateException e) when (store.Active is not null)
        {
            log($"the former model does not load ({e.Message}): the shipped one serves");
            store.Activate(null);
            await host.SwapAsync(null, CancellationToken.None);
        }

        TellLast();
    }

    private async Task AbortAsync(Manifest manifest, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (State.Phase == UpdatePhase.Trial)
            await BackAsync(UpdateReason.Aborted, "the roll-out was aborted");
        else if (State.Phase != UpdatePhase.Idle)
        {
            file.Save(State with { Phase = UpdatePhase.Idle, Slot = null });
            store.Collect(store.Needed(State));
        }

        Report(
            new UpdateReport(UpdateReport.Idle, Serial: manifest.Serial, Reason: UpdateReason.Aborted, Text: "the roll-out was aborted")
        );
    }

    /// <summary>
    /// The next key set, signed by the one before. With it, serials and version floors begin anew: should a stolen key have signed the greatest
    /// numbers there are, this is the way back.
    /// </summary>
    private void Rotate(Manifest manifest, string id)
    {
        var facts = manifest.Keys!;
        if (facts.Number <= Keys.Number)
            throw new UpdateException(UpdateReason.Replayed, $"key set {facts.Number} is not newer than {Keys.Number}, which is in force");
        if (facts.Number != Keys.Number + 1)
            throw new UpdateException(
                UpdateReason.KeySetNotNext,
                $"key set {facts.Number} cannot follow {Keys.Number}: publish those between first"
            );
        if (manifest.Expires <= Now)
            throw new UpdateException(UpdateReason.Expired, $"it expired at {manifest.Expires:u}", retry: !options.ClockSynced());
        var revoked = (State.Keys?.Revoked ?? []).Concat(facts.Revoked).Distinct().TakeLast(UpdateLimits.MaxRevokedKeys).ToArray();
        file.Save(
            State with
            {
                Keys = facts with { Revoked = revoked },
                KeysId = id,
                Serial = manifest.Serial,
                SerialId = id,
                Floors = new Dictionary<string, int>(),
                Failed = [],
                NewestTime = Newest(manifest),
            }
        );
        FailPoint.Hit("rotated");
        log($"key set {facts.Number} is in force: {facts.Keys.Count} keys, {facts.Threshold} must sign");
        Report(new UpdateReport(UpdateReport.Idle, Serial: manifest.Serial, Text: $"key set {facts.Number} is in force"));
    }

    /// <summary>What a person on the device asked for with <c>edgeseg model use</c> or <c>rollback</c>.</summary>
    private async Task ObeyAsync(string request, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (request == UpdateHold.RollbackWord && State.Phase == UpdatePhase.Trial)
        {
            await BackAsync(UpdateReason.Operator, "taken back by hand");
            return;
        }

        var slot =
            request == UpdateHold.RollbackWord ? State.Former
            : request == UpdateHold.ShippedWord ? null
            : request;
        if (slot is not null && !store.IsIntact(slot, out var problem))
            throw new UpdateException(UpdateReason.SlotDamaged, $"{slot} cannot be used: {problem}");
        var before = store.Active;
        store.Activate(slot);
        // by hand is not on trial, and what the signers asked for before does not undo it
        file.Save(
            State with
            {
                Phase = UpdatePhase.Idle,
                Slot = null,
                Former = before,
                Starts = 0,
                Failed = State.SerialId is { } id
                    ? Rollback.Remember(State, new FailedUpdate(id, UpdateReason.Operator, "another model was chosen by hand"))
                    : State.Failed,
            }
        );
        await host.SwapAsync(slot is null ? null : store.Folder(slot), CancellationToken.None);
        log($"model {slot ?? "shipped with the program"} serves, by hand");
        Report(
            slot is null
                ? new UpdateReport(UpdateReport.Idle, Reason: UpdateReason.Operator, Text: "the shipped model serves, by hand")
                : Told(slot, UpdateReport.Active, UpdateReason.Operator, "chosen by hand")
        );
    }

    /// <summary>A failure that would repeat itself: the same manifest is not tried again.</summary>
    private void Remember(string id, string slot, long serial, UpdateException e)
    {
        if (e.Reason is UpdateReason.FailedBefore)
            return;
        file.Save(
            State with
            {
                Phase = UpdatePhase.Idle,
                Slot = null,
                Failed = Rollback.Remember(State, new FailedUpdate(id, e.Reason, e.Message)),
                Last = new LastOutcome(UpdateReport.Refused, slot, serial, e.Reason, e.Message),
            }
        );
        store.Collect(store.Needed(State));
    }

    private void Enter(UpdatePhase phase, string slot, UpdateReport report)
    {
        // a phase that was passed already is not entered again: the canary's word outlives a restart
        if (State.Slot != slot || State.Phase < phase)
        {
            file.Save(State with { Phase = phase, Slot = slot });
            FailPoint.Hit("phase:" + phase);
        }

        Report(report);
    }

    private void Refuse(UpdateException e)
    {
        // what failed before has been told with its own reason
        if (e.Reason == UpdateReason.FailedBefore && State.Last is not null)
            TellLast();
        else
            Report(
                (told ?? new UpdateReport(UpdateReport.Idle)) with
                {
                    State = e.Retry ? UpdateReport.Waiting : UpdateReport.Refused,
                    Reason = e.Reason,
                    Text = e.Message,
                    Bytes = null,
                    BytesTotal = null,
                }
            );
        restUntil = e.Retry
            ? time.GetTimestamp() + (long)(backoff.Next(e.RetryAfter).TotalSeconds * time.TimestampFrequency)
            : long.MaxValue;
    }

    private void TellLast()
    {
        if (State.Phase == UpdatePhase.Trial)
            Report(Told(State.Slot!, UpdateReport.Trial, null, null));
        else if (State.Last is { Slot: { } slot } last)
            Report(Told(slot, last.State, last.Reason, last.Text) with { Serial = last.Serial });
        else
            Report(new UpdateReport(UpdateReport.Idle));
    }

    private UpdateReport Told(string slot, string state, string? reason, string? text)
    {
        var (name, version) = SlotStore.Parts(slot);
        return new UpdateReport(state, name, version, State.Serial, reason, text);
    }

    private void Report(UpdateReport report)
    {
        if (report == told)
            return;
        var isNews = told is null || (report.State, report.Reason, report.Version) != (told.State, told.Reason, told.Version);
        told = report;
        if (isNews && report.Reason is not null)
            log($"model update {report.State} ({report.Reason}): {report.Text}");
        tell(report);
    }

    private static string DiskReason(Exception e) => (e.HResult & 0xFFFF) == 28 ? UpdateReason.DiskFull : UpdateReason.DiskFailed;

    /// <summary>A manifest that trusted keys signed, its SHA-256, and the envelope it came in.</summary>
    private sealed record VerifiedManifest(Manifest Manifest, string Id, byte[] Envelope);
}
