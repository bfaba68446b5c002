using EdgeSeg.Updates;

namespace EdgeSeg.Release;

/// <summary>Keys, manifests and signatures of the tests' own.</summary>
internal static class ReleaseSamples
{
    public static SigningKey Alice { get; } = SigningKey.Create();

    public static SigningKey Bob { get; } = SigningKey.Create();

    public static SigningKey Mallory { get; } = SigningKey.Create();

    public static DateTimeOffset Now { get; } = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static TrustedKey Public(SigningKey key, DateTimeOffset? expires = null) => TrustedKey.TryRead(key.PublicPem(expires), out _)!;

    public static KeySet Trust(int threshold, params SigningKey[] keys) => new(1, threshold, [.. keys.Select(k => Public(k))], []);

    public static EnvelopeSignature Sign(byte[] manifest, SigningKey key) =>
        new()
        {
            Key = key.Id,
            Alg = EnvelopeSignature.EcdsaP256Sha256,
            Sig = key.Sign(manifest),
        };

    public static Envelope Seal(Manifest manifest, params SigningKey[] keys) => Seal(manifest.Write(), keys);

    public static Envelope Seal(byte[] manifest, params SigningKey[] keys) =>
        new()
        {
            V = 1,
            Manifest = manifest,
            Signatures = [.. keys.Select(k => Sign(manifest, k))],
        };

    public static Manifest Plain(string action) =>
        new()
        {
            Type = Manifest.TypeName,
            V = 1,
            Action = action,
            Serial = 7,
            Issued = Now,
            Expires = Now.AddDays(30),
        };

    public static Manifest Install() =>
        Plain(ManifestRules.Install) with
        {
            Rollout = new Rollout { Percent = 50, Salt = "squeezesam-7" },
            Bundle = new BundleInfo
            {
                Name = "squeezesam",
                Version = 7,
                Url = "https://models.example.org/squeezesam-7/",
                Files = [File("model.json"), File("canary.json"), File("segmenter.onnx")],
                Compatible = new Compatible
                {
                    Machines = ["linux-arm64"],
                    Boards = ["Raspberry Pi 5"],
                    MinEdgeseg = "0.1.0",
                    MinRuntime = "1.20",
                },
                Quality = new Dictionary<string, double> { ["precision_agreement"] = 0.99 },
                Canary = new CanaryTerms { Cases = "canary.json" },
            },
        };

    /// <summary>Key set 2, threshold 1.</summary>
    public static Manifest Rotation(params SigningKey[] keys) => Rotation(2, 1, keys);

    public static Manifest Rotation(int number, int threshold, params SigningKey[] keys) =>
        Plain(ManifestRules.Keys) with
        {
            Keys = new KeySetInfo
            {
                Number = number,
                Threshold = threshold,
                Keys = [.. keys.Select(k => k.PublicPem(null))],
            },
        };

    public static BundleFile File(string name) =>
        new()
        {
            Name = name,
            Bytes = 100,
            Sha256 = new string('a', 64),
        };
}
