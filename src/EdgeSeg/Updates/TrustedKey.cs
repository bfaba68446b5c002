using System.Globalization;
using System.Security.Cryptography;

namespace EdgeSeg.Updates;

/// <summary>A public key on the curve P-256. A line before the PEM block may say <c>Expires: 2027-01-31</c>; openssl ignores it.</summary>
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

    /// <summary>Only the named curve. A curve with explicit parameters is refused: the parameters may be anyone's.</summary>
    public static bool IsP256(ECDsa key)
    {
        var curve = key.ExportParameters(false).Curve;
        return curve.IsNamed && curve.Oid.Value == P256;
    }

    /// <summary>Null, with the end of a sentence in <paramref name="problem"/>, when the text is not a P-256 public key.</summary>
    public static TrustedKey? TryRead(string text, out string problem)
    {
        problem = "";
        var ecdsa = ECDsa.Create();
        try
        {
            if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            {
                problem = "is a private key: keep it off line and copy the public one";
            }
            else
            {
                ecdsa.ImportFromPem(text);
                if (IsP256(ecdsa))
                    return new TrustedKey(ecdsa, text, ExpiryOf(text));
                problem = "is not on the curve P-256";
            }
        }
        catch (FormatException e)
        {
            problem = $"has a wrong line before the key: {e.Message}";
        }
        // NotSupportedException: a curve that this system's library does not know; the texts of the library are for programmers
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            problem = "is not an EC public key in PEM form (-----BEGIN PUBLIC KEY-----)";
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
