using System.Globalization;
using System.Security.Cryptography;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>A public key on the curve P-256. Lines before the PEM block may say <c>Expires: 2027-01-31</c>; openssl passes over them.</summary>
internal sealed class TrustedKey
{
    private const string P256 = "1.2.840.10045.3.1.7";

    private readonly ECDsa key;

    private TrustedKey(ECDsa key, string pem, DateTimeOffset? expires)
    {
        (this.key, Pem, Expires) = (key, pem, expires);
        Id = IdOf(key);
    }

    /// <summary>The first 32 hex digits of the SHA-256 of the key's SubjectPublicKeyInfo in DER form.</summary>
    public string Id { get; }

    public string Pem { get; }

    public DateTimeOffset? Expires { get; }

    public static string IdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..32];

    /// <summary>By name: a curve whose parameters are spelled out is refused, since they may be anyone's.</summary>
    public static bool IsP256(ECDsa key)
    {
        var curve = key.ExportParameters(false).Curve;
        return curve.IsNamed && curve.Oid.Value == P256;
    }

    /// <summary>Null, with the end of a sentence, when it is not a P-256 public key.</summary>
    public static TrustedKey? TryRead(string text, out string problem)
    {
        problem = "";
        var ecdsa = ECDsa.Create();
        try
        {
            // a private key must not lie about on a device
            if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
                problem = "is a private key: keep that off line and copy the public one";
            else
            {
                ecdsa.ImportFromPem(text);
                if (IsP256(ecdsa))
                    return new TrustedKey(ecdsa, text, ExpiryOf(text));
                problem = "is not on the curve P-256";
            }
        }
        // NotSupportedException: a curve that this system's library does not know
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException or NotSupportedException)
        {
            problem = $"is not a public key in PEM form ({e.Message.ReplaceLineEndings(" ")})";
        }

        ecdsa.Dispose();
        return null;
    }

    public bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static DateTimeOffset? ExpiryOf(string text)
    {
        const string mark = "Expires:";
        var line = text.Split('\n')
            .TakeWhile(l => !l.StartsWith("-----", StringComparison.Ordinal))
            .FirstOrDefault(l => l.StartsWith(mark, StringComparison.Ordinal));
        if (line is null)
            return null;
        return DateTimeOffset.TryParse(line[mark.Length..].Trim(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : throw new FormatException($"'{line.Trim()}' is not a date");
    }
}

/// <summary>The keys in force: <see cref="Threshold"/> different ones of them must have signed a manifest. Number 1 is what the settings name; each rotation counts up.</summary>
internal sealed record KeySet(int Number, int Threshold, IReadOnlyList<TrustedKey> Keys, IReadOnlyCollection<string> Revoked)
{
    public static KeySet Of(KeySetInfo facts) =>
        new(facts.Number, facts.Threshold, [.. facts.Keys.Select(k => TrustedKey.TryRead(k, out _)!)], [.. facts.Revoked]);

    /// <summary>The *.pem files of a folder; a folder that is not there holds none.</summary>
    /// <exception cref="OperatingException">A file is not a key.</exception>
    public static KeySet ReadFolder(string folder, int threshold)
    {
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.pem").Order(StringComparer.Ordinal).ToArray() : [];
        if (files.Length > ConfigurationLimits.MaxTrustedKeys)
            throw new OperatingException(
                $"{folder} holds {files.Length} keys, more than {ConfigurationLimits.MaxTrustedKeys}: remove some",
                2
            );
        var keys = new List<TrustedKey>();
        foreach (var file in files)
        {
            if (new FileInfo(file).Length > UpdateLimits.MaxKeyBytes)
                throw new OperatingException($"{file} is larger than a key: remove it", 2);
            var key =
                TrustedKey.TryRead(File.ReadAllText(file), out var problem)
                ?? throw new OperatingException($"{file} {problem}: update.keys_dir holds public keys only", 2);
            if (keys.All(k => k.Id != key.Id))
                keys.Add(key);
        }

        return new KeySet(1, threshold, keys, []);
    }
}
