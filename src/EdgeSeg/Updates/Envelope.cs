using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// A manifest with its signatures, as <c>model/desired</c> carries it:
/// <c>{"v":1,"manifest":base64,"signatures":[{"key","alg","sig":base64}]}</c>. The signatures are over the manifest's bytes, which are
/// parsed only after the signatures were checked.
/// </summary>
internal sealed record Envelope
{
    [JsonRequired]
    public int V { get; init; }

    /// <summary>The bytes that were signed.</summary>
    [JsonRequired]
    public byte[] Manifest { get; init; } = [];

    [JsonRequired]
    public IReadOnlyList<EnvelopeSignature> Signatures { get; init; } = [];

    /// <exception cref="UpdateException">It is not an envelope within its bounds.</exception>
    public static Envelope Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > UpdateLimits.MaxEnvelopeBytes)
            throw Bad($"it has {bytes.Length} bytes, more than {UpdateLimits.MaxEnvelopeBytes}");
        Envelope envelope;
        try
        {
            envelope = JsonSerializer.Deserialize(bytes, UpdateJson.Default.Envelope) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw Bad(JsonFault.Text(e));
        }

        if (envelope.V != 1)
            throw Bad($"it has version {envelope.V}, this edgeseg reads 1");
        if (envelope.Signatures.Count > UpdateLimits.MaxSignatures)
            throw Bad($"it has {envelope.Signatures.Count} signatures, more than {UpdateLimits.MaxSignatures}");
        // the serializer refuses nulls in properties, not in lists
        if (envelope.Signatures.Any(s => s is null))
            throw Bad("a signature is null");
        return envelope;

        static UpdateException Bad(string why) => new(UpdateReason.BadEnvelope, $"the message is not a signed manifest: {why}");
    }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, UpdateJson.Default.Envelope);
}

/// <summary>One signature: ECDSA over P-256 with SHA-256, DER as openssl writes it.</summary>
internal sealed record EnvelopeSignature
{
    public const string EcdsaP256Sha256 = "ecdsa-p256-sha256";

    /// <summary>Id of the key: <see cref="TrustedKey.Id"/>.</summary>
    [JsonRequired]
    public string Key { get; init; } = "";

    [JsonRequired]
    public string Alg { get; init; } = "";

    [JsonRequired]
    public byte[] Sig { get; init; } = [];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 8,
    WriteIndented = true
)]
[JsonSerializable(typeof(Envelope))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(CanaryCases))]
[JsonSerializable(typeof(CanaryResult))]
[JsonSerializable(typeof(UpdateState))]
internal sealed partial class UpdateJson : JsonSerializerContext;
