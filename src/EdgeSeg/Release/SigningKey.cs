using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Release;

/// <summary>
/// A private key on the curve P-256 in a PEM file, made by openssl or by edgeseg, with or without a passphrase.
/// </summary>
internal sealed class SigningKey : IDisposable
{
    private readonly ECDsa key;

    private SigningKey(ECDsa key) => (this.key, Id) = (key, TrustedKey.IdOf(key));

    /// <summary>See <see cref="TrustedKey.Id"/>.</summary>
    public string Id { get; }

    public static SigningKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <exception cref="OperatingException">The file is not such a key, or the passphrase is wrong.</exception>
    public static SigningKey Read(string path, string? passphraseFile)
    {
        var text = Encoding.ASCII.GetString(ReadFile(path, UpdateLimits.MaxKeyBytes));
        var isEncrypted = text.Contains("ENCRYPTED", StringComparison.Ordinal);
        if (isEncrypted && passphraseFile is null)
            throw new OperatingException($"{path} is encrypted: name the file that holds its passphrase with --passphrase-file");
        if (!text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            throw new OperatingException($"{path} holds no private key in PEM form: name the file that ends with .key");
        var ecdsa = ECDsa.Create();
        try
        {
            if (isEncrypted)
                ecdsa.ImportFromEncryptedPem(text, Passphrase(passphraseFile!));
            else
                ecdsa.ImportFromPem(text);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            ecdsa.Dispose();
            throw new OperatingException(
                isEncrypted
                    ? $"{path} cannot be opened: the passphrase is another, or the file is not an EC "
                        + $"key (an old 'DEK-Info' one becomes readable by: openssl pkcs8 -topk8 -in {path})"
                    : $"{path} is not an EC private key in PEM form: make one with edgeseg model keygen"
            );
        }

        if (TrustedKey.IsP256(ecdsa))
            return new SigningKey(ecdsa);
        ecdsa.Dispose();
        throw new OperatingException(
            $"{path} is not on the curve P-256, which is the only one that devices take: make a key with edgeseg model keygen"
        );
    }

    /// <summary>ECDSA with SHA-256, DER: what <c>openssl dgst -sha256 -verify</c> reads.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data) => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>The public half, with the lines before the block that <see cref="TrustedKey"/> reads and openssl ignores.</summary>
    public string PublicPem(DateTimeOffset? expires)
    {
        var end = "";
        if (expires?.UtcDateTime is { } at)
        {
            var form = at.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ssZ";
            end = $"Expires: {at.ToString(form, CultureInfo.InvariantCulture)}\n";
        }

        return $"Key: {Id}\n{end}{key.ExportSubjectPublicKeyInfoPem()}\n";
    }

    /// <summary>Writes both halves to new files. Only the owner can read the private one.</summary>
    /// <exception cref="OperatingException">A file exists or cannot be written.</exception>
    public void Save(string privatePath, string publicPath, DateTimeOffset? expires, string? passphraseFile)
    {
        var pem = passphraseFile is null
            ? key.ExportPkcs8PrivateKeyPem()
            : key.ExportEncryptedPkcs8PrivateKeyPem(
                Passphrase(passphraseFile),
                new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, ReleaseLimits.PassphraseRounds)
            );
        if (Array.Find([privatePath, publicPath], File.Exists) is { } there)
            throw new OperatingException($"{there} is there already, and keys are never overwritten: choose another name with --out");
        try
        {
            Write(privatePath, pem + "\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Write(
                publicPath,
                PublicPem(expires),
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"the key cannot be written ({e.Message}): choose another place with --out");
        }
    }

    public void Dispose() => key.Dispose();

    private static void Write(string path, string text, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using var file = new FileStream(path, options);
        file.Write(Encoding.ASCII.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    /// <summary>The first line of the file, without the line end that editors add.</summary>
    private static string Passphrase(string path)
    {
        var line = Encoding.UTF8.GetString(ReadFile(path, ReleaseLimits.MaxPassphraseBytes)).Split('\n')[0].TrimEnd('\r');
        return line.Length > 0 ? line : throw new OperatingException($"{path} holds no passphrase: write it into the first line", 2);
    }

    private static byte[] ReadFile(string path, int most)
    {
        try
        {
            var file = FinalFile.Of(path);
            if (!file.Exists)
                throw new OperatingException($"{path} is not there: check the path", 2);
            return file.Length <= most
                ? File.ReadAllBytes(path)
                : throw new OperatingException($"{path} has {file.Length} bytes, more than {most}: it is another file", 2);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path} cannot be read ({e.Message}): check its owner and mode");
        }
    }
}
