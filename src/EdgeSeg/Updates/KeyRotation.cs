using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// The key sets, as TUF rotates its root role: each set is signed by a threshold of the former set and by a threshold of its own, and they
/// are taken in the order of their numbers. Only the newest set that came must not have expired, so a device that was off for several
/// rotations takes them all. With a new set, serials and version floors start again: should a stolen key have signed the greatest numbers
/// there are, this is the way back.
/// </summary>
internal sealed class KeyRotation(UpdateContext context)
{
    private readonly Dictionary<string, UpdateException> faults = [];
    private KeySetInfo? cachedFor;
    private KeySet? cached;

    /// <summary>The keys in force.</summary>
    public KeySet Current
    {
        get
        {
            if (cached is null || !ReferenceEquals(cachedFor, context.State.Keys))
            {
                cachedFor = context.State.Keys;
                cached = cachedFor is { } rotated ? KeySet.Of(rotated) : context.Options.Keys;
            }

            return cached;
        }
    }

    /// <summary>Takes every key set that follows the one in force.</summary>
    /// <returns>Why a key set that came is refused; null: none is.</returns>
    public UpdateException? Advance(IReadOnlyList<OfferedManifest> offers)
    {
        faults.Clear();
        var (set, path) = (Current, new List<Step>());
        while (Next(set, offers, path) is { } step)
        {
            path.Add(step);
            set = step.Keys;
        }

        // a set of the very keys that this device was given brings no new trust, so its age does not matter
        UpdateException? expired = null;
        if (path.Count > 0 && path[^1] is { IsAnchor: false } newest && newest.Manifest.Expires <= context.Now)
        {
            expired = new UpdateException(
                UpdateReason.Expired,
                $"key set {newest.Keys.Number} expired at {newest.Manifest.Expires:u}: sign it again "
                    + "with edgeseg model reissue, or sign a later set",
                retry: !context.Options.ClockSynced()
            );
            path.RemoveAt(path.Count - 1);
        }

        if (path.Count > 0)
            Take(path);
        return expired ?? offers.Select(RefusalOf).FirstOrDefault(e => e is not null);
    }

    /// <summary>Why a key set that the keys in force signed was not taken; null: it is the one in force.</summary>
    public UpdateException? FaultOf(KeySetInfo set, string id)
    {
        if (faults.TryGetValue(id, out var fault))
            return fault;
        var number = Current.Number;
        if (set.Number > number + 1)
            return NotNext(set.Number);
        return set.Number == number && Current.HasKeysOf(KeySet.Of(set))
            ? null
            : new UpdateException(UpdateReason.Replayed, $"key set {set.Number} is not newer than {number}, which is in force");
    }

    /// <summary>The set that follows <paramref name="set"/>; null: none came, or none that may be trusted.</summary>
    private Step? Next(KeySet set, IReadOnlyList<OfferedManifest> offers, List<Step> path)
    {
        var found = new List<Step>();
        foreach (var offer in offers)
        {
            var id = "";
            try
            {
                var envelope = Envelope.Read(offer.Bytes);
                id = VerifiedManifest.IdOf(envelope);
                if (context.State.KeyChain.Contains(id) || path.Any(s => s.Id == id))
                    continue;
                if (Open(offer, envelope, id, set) is { } step)
                    found.Add(step);
                faults.Remove(id);
            }
            catch (UpdateException e)
            {
                if (id.Length > 0)
                    faults[id] = e;
            }
        }

        // keys of the settings without a number: the set that has these very keys, else the first one that they signed
        return found.Where(s => s.IsAnchor).MaxBy(s => s.Keys.Number)
            ?? found.OrderBy(s => s.Keys.Number).ThenByDescending(s => s.Manifest.Serial).FirstOrDefault();
    }

    /// <summary>Null: it is not a key set that follows <paramref name="set"/>.</summary>
    private static Step? Open(OfferedManifest offer, Envelope envelope, string id, KeySet set)
    {
        // by the keys of the former set whatever their age: some of them were replaced because they expired
        Verifier.Require(envelope, set, DateTimeOffset.MinValue);
        var manifest = Manifest.Read(envelope.Manifest);
        if (manifest.Keys is not { } info)
        {
            return offer.Source != ManifestSource.KeyChain
                ? null
                : throw new UpdateException(UpdateReason.BadManifest, "a topic of the key chain holds a manifest that is not a key set");
        }

        if (offer.Source == ManifestSource.KeyChain && info.Number != offer.KeySet)
            throw new UpdateException(UpdateReason.BadManifest, $"key set {info.Number} is on the topic of key set {offer.KeySet}");
        if (set.Number != KeySet.UnknownNumber && info.Number != set.Number + 1)
            return null;
        // a key must have been valid when it signed
        Verifier.Require(envelope, set, manifest.Issued);
        var revoked = set.Revoked.Concat(info.Revoked).Distinct().TakeLast(UpdateLimits.MaxRevokedKeys).ToArray();
        var next = KeySet.Of(info with { Revoked = revoked });
        RequireOwn(envelope, next, manifest.Issued);
        var isAnchor = set.Number == KeySet.UnknownNumber && set.HasKeysOf(next);
        return new Step(manifest, id, next, info with { Revoked = revoked }, isAnchor);
    }

    private static void RequireOwn(Envelope envelope, KeySet next, DateTimeOffset issued)
    {
        try
        {
            Verifier.Require(envelope, next, issued);
        }
        catch (UpdateException e)
        {
            throw new UpdateException(
                UpdateReason.Threshold,
                $"key set {next.Number} must also be signed by {next.Threshold} of its own keys: {e.Message}"
            );
        }
    }

    private void Take(List<Step> path)
    {
        var state = context.State;
        foreach (var step in path)
        {
            var manifest = step.Manifest;
            state = state with
            {
                Keys = step.Info,
                KeysId = step.Id,
                KeyChain = [.. state.KeyChain.Append(step.Id).TakeLast(UpdateLimits.MaxKeySets)],
                NewestTime = context.NewestTime(manifest) is var newest && newest > state.NewestTime ? newest : state.NewestTime,
            };
            if (!step.IsAnchor)
                state = state with { Serial = manifest.Serial, SerialId = step.Id, Floors = new Dictionary<string, int>(), Failed = [] };
            else if (manifest.Serial > state.Serial)
                state = state with { Serial = manifest.Serial, SerialId = step.Id };
        }

        context.File.Save(state);
        FailPoint.Hit("rotated");
        var set = path[^1].Keys;
        context.Reporter.Log($"key set {set.Number} is in force: {set.Keys.Count} keys, {set.Threshold} must sign");
        // what the device does with the model has not changed
        if (context.State.Phase == UpdatePhase.Idle && context.State.Last is null)
            context.Reporter.Report(
                new UpdateReport(UpdateReport.Idle, Serial: context.State.Serial, Text: $"key set {set.Number} is in force")
            );
    }

    /// <summary>Why a message of the key chain is refused; null: it is not, or it is older than the set in force.</summary>
    private UpdateException? RefusalOf(OfferedManifest offer)
    {
        var number = Current.Number;
        if (offer.Source != ManifestSource.KeyChain || offer.KeySet <= number)
            return null;
        if (number != KeySet.UnknownNumber && offer.KeySet > number + 1)
            return NotNext(offer.KeySet);
        try
        {
            return faults.GetValueOrDefault(VerifiedManifest.IdOf(Envelope.Read(offer.Bytes))) is { } fault
                ? new UpdateException(fault.Reason, $"key set {offer.KeySet} is refused: {fault.Message}")
                : null;
        }
        catch (UpdateException e)
        {
            return new UpdateException(e.Reason, $"key set {offer.KeySet} is refused: {e.Message}");
        }
    }

    private UpdateException NotNext(int number) =>
        new(
            UpdateReason.KeySetNotNext,
            $"key set {number} cannot follow "
                + $"{(Current.Number == KeySet.UnknownNumber ? "the keys of update.keys_dir" : $"key set {Current.Number}")}: "
                + ""
                + "publish the sets between them as well"
        );

    /// <summary>A key set on the way from the one in force.</summary>
    private sealed record Step(Manifest Manifest, string Id, KeySet Keys, KeySetInfo Info, bool IsAnchor);
}
