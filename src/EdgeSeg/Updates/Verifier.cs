using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>Says whether enough trusted keys signed the very bytes of a manifest; nothing of them is parsed here.</summary>
internal static class Verifier
{
    /// <summary>Returns when they did.</summary>
    /// <param name="envelope">Bytes and signatures.</param>
    /// <param name="keys">Keys in force.</param>
    /// <param name="now">The time, never earlier than the newest seen.</param>
    /// <exception cref="UpdateException">They did not; the reason is that of the signature which came closest.</exception>
    public static void Require(Envelope envelope, KeySet keys, DateTimeOffset now)
    {
        if (keys.Keys.Count == 0)
            throw new UpdateException(UpdateReason.NoKeys, "no key is trusted here: put public keys (PEM) into update.keys_dir");
        if (envelope.Signatures.Count == 0)
            throw new UpdateException(UpdateReason.Unsigned, "the manifest carries no signature");
        var signers = new HashSet<string>(StringComparer.Ordinal);
        (string Reason, string Text)? fault = null;
        foreach (var signature in envelope.Signatures)
        {
            var found = Judge(signature, envelope.Manifest, keys, now);
            // one key that signs twice is one signer
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
        throw new UpdateException(
            UpdateReason.Threshold,
            $"{signers.Count} trusted keys signed, {keys.Threshold} must{(fault is { } also ? $" ({also.Text})" : "")}"
        );
    }

    private static (string Reason, string Text)? Judge(
        EnvelopeSignature signature,
        ReadOnlySpan<byte> manifest,
        KeySet keys,
        DateTimeOffset now
    )
    {
        var shown = signature.Key.Length <= 32 && signature.Key.All(char.IsAsciiHexDigitLower) ? signature.Key : "of no valid id";
        if (signature.Alg != EnvelopeSignature.EcdsaP256Sha256)
            return (UpdateReason.UnknownAlgorithm, $"a signature is not made by {EnvelopeSignature.EcdsaP256Sha256}");
        if (keys.Revoked.Contains(signature.Key))
            return (UpdateReason.RevokedSigner, $"the key {shown} is revoked");
        var key = keys.Keys.FirstOrDefault(k => k.Id == signature.Key);
        if (key is null)
            return (UpdateReason.UnknownSigner, $"the key {shown} is not trusted here");
        if (key.Expires <= now)
            return (UpdateReason.ExpiredSigner, $"the key {shown} has expired");
        return key.Verifies(manifest, signature.Sig)
            ? null
            : (UpdateReason.BadSignature, $"the signature of the key {shown} does not fit the manifest");
    }
}
