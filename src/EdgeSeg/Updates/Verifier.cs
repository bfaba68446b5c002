using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>Decides whether enough trusted keys signed the bytes of a manifest. The bytes are not parsed here.</summary>
internal static class Verifier
{
    /// <summary>Returns when a threshold of trusted keys signed.</summary>
    /// <param name="envelope">Bytes and signatures.</param>
    /// <param name="keys">Keys in force.</param>
    /// <param name="now">The time at which keys are checked for expiry.</param>
    /// <exception cref="UpdateException">Too few signed. The reason is that of the first signature that does not count.</exception>
    public static void Require(Envelope envelope, KeySet keys, DateTimeOffset now)
    {
        if (keys.Keys.Count == 0)
            throw new UpdateException(UpdateReason.NoKeys, "no key is trusted here: put public keys (PEM) into update.keys_dir");
        if (envelope.Signatures.Count == 0)
            throw new UpdateException(UpdateReason.Unsigned, "the manifest has no signature");
        var signers = new HashSet<string>(StringComparer.Ordinal);
        (string Reason, string Text)? fault = null;
        foreach (var signature in envelope.Signatures)
        {
            var found = Check(signature, envelope.Manifest, keys, now);
            // a key that signs twice is one signer
            if (found is null)
                signers.Add(signature.Key);
            else
                fault ??= found;
        }

        // a threshold of 0 would trust everyone
        if (signers.Count >= Math.Max(1, keys.Threshold))
            return;
        if (signers.Count == 0 && fault is { } f)
            throw new UpdateException(f.Reason, f.Text);
        var also = fault is { } other ? $" ({other.Text})" : "";
        throw new UpdateException(UpdateReason.Threshold, $"{signers.Count} trusted keys signed, {keys.Threshold} must{also}");
    }

    private static (string Reason, string Text)? Check(
        EnvelopeSignature signature,
        ReadOnlySpan<byte> manifest,
        KeySet keys,
        DateTimeOffset now
    )
    {
        var shown = signature.Key.Length <= 32 && signature.Key.All(char.IsAsciiHexDigitLower) ? signature.Key : "without a valid id";
        if (signature.Alg != EnvelopeSignature.EcdsaP256Sha256)
            return (UpdateReason.UnknownAlgorithm, $"the algorithm of a signature is not {EnvelopeSignature.EcdsaP256Sha256}");
        if (keys.Revoked.Contains(signature.Key))
            return (UpdateReason.RevokedSigner, $"the key {shown} is revoked");
        var key = keys.Keys.FirstOrDefault(k => k.Id == signature.Key);
        if (key is null)
            return (UpdateReason.UnknownSigner, $"the key {shown} is not trusted here");
        if (key.Expires <= now)
            return (UpdateReason.ExpiredSigner, $"the key {shown} has expired");
        return key.Verifies(manifest, signature.Sig)
            ? null
            : (UpdateReason.BadSignature, $"the signature of the key {shown} does not match the manifest");
    }
}
