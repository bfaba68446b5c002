using System.Security.Cryptography;

namespace EdgeSeg.Updates;

/// <summary>A manifest that a threshold of trusted keys signed.</summary>
/// <param name="Manifest">What was signed.</param>
/// <param name="Id">SHA-256 of its bytes.</param>
/// <param name="Envelope">The message it came in.</param>
internal sealed record VerifiedManifest(Manifest Manifest, string Id, byte[] Envelope)
{
    /// <summary>SHA-256 of the signed bytes, as the state names manifests.</summary>
    public static string IdOf(Envelope envelope) => Convert.ToHexStringLower(SHA256.HashData(envelope.Manifest));

    /// <summary>Later serials come first.</summary>
    public bool IsNewerThan(VerifiedManifest? other) => other is null || Manifest.Serial > other.Manifest.Serial;
}
