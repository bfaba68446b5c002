using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>What the manifests that came amount to.</summary>
/// <param name="Newest">The verified manifest to follow; null: none.</param>
/// <param name="Refusal">Why one that came is refused; null: none is.</param>
internal sealed record ManifestChoice(VerifiedManifest? Newest, UpdateException? Refusal);

/// <summary>
/// Checks every manifest that was received and chooses the one to follow. Signatures come first; nothing unverified is parsed.
/// </summary>
internal sealed class ManifestSelector(UpdateContext context, KeyRotation keys, ManifestInbox inbox)
{
    public ManifestChoice Choose()
    {
        var offers = inbox.Take(context.Store.Root);
        var refusal = keys.Advance(offers);
        VerifiedManifest? newest = null;
        foreach (var offer in offers.Where(o => o.Source != ManifestSource.KeyChain))
        {
            try
            {
                if (Open(offer) is not { } verified)
                    continue;
                // the fleet's older manifest beside the device's own is in order; one older than what was accepted before is a replay
                if (offer.Source == ManifestSource.Kept && newest is not null && verified.IsNewerThan(newest))
                {
                    // what is refused for a reason of its own is what just came
                    refusal ??= new UpdateException(
                        UpdateReason.Replayed,
                        $"its serial {newest.Manifest.Serial} is older than {verified.Manifest.Serial}, which was accepted before"
                    );
                }

                if (verified.IsNewerThan(newest))
                    newest = verified;
            }
            catch (UpdateException e)
            {
                // the kept one was verified once: its keys were replaced since
                if (offer.Source != ManifestSource.Kept)
                    refusal ??= Named(offer, e);
            }
        }

        return new ManifestChoice(newest, refusal);
    }

    /// <summary>Null: there is nothing to do for it.</summary>
    private VerifiedManifest? Open(OfferedManifest offer)
    {
        var envelope = Envelope.Read(offer.Bytes);
        var id = VerifiedManifest.IdOf(envelope);
        if (context.State.KeyChain.Contains(id))
            return null;
        try
        {
            Verifier.Require(envelope, keys.Current, context.Now);
        }
        catch (UpdateException) when (IsDone(id, envelope))
        {
            return null;
        }

        var manifest = Manifest.Read(envelope.Manifest);
        if (manifest.Keys is { } set)
        {
            // a set that could be taken was taken before
            if (keys.FaultOf(set, id) is { } fault)
                throw fault;
            return null;
        }

        // after a rotation the serials start again: what was done before is not a replay
        return manifest.Serial < context.State.Serial && IsDone(id, envelope) ? null : new VerifiedManifest(manifest, id, offer.Bytes);
    }

    /// <summary>
    /// Whether this very manifest was accepted before and nothing is left to do for it: its model serves, or it failed here. Its signatures
    /// counted then; that their keys were replaced since is no fault of the manifest.
    /// </summary>
    private bool IsDone(string id, Envelope envelope)
    {
        var state = context.State;
        if (state.Failed.Any(f => f.Id == id))
            return true;
        if (id != state.TakenId || state.Phase != UpdatePhase.Idle)
            return false;
        var manifest = Manifest.Read(envelope.Manifest);
        return manifest.Bundle is not { } bundle || context.Store.Active == SlotStore.NameOf(bundle);
    }

    private static UpdateException Named(OfferedManifest offer, UpdateException e)
    {
        var topic = offer.Source == ManifestSource.Fleet ? "the manifest of the fleet" : "the manifest of this device";
        return new UpdateException(e.Reason, $"{topic} is refused: {e.Message}", e.Retry);
    }
}
