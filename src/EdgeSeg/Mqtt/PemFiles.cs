using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Mqtt;

/// <summary>
/// From PEM files: the certificate with its private key by which this device identifies itself to a broker, and the authorities that a
/// server's certificate is checked with.
/// </summary>
internal static class PemFiles
{
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string EllipticCurve = "1.2.840.10045.2.1";

    /// <summary>Our certificate with its private key.</summary>
    /// <param name="certificatePath">PEM; its first certificate is used.</param>
    /// <param name="keyPath">PEM; null: the key is in the file of the certificate.</param>
    /// <exception cref="OperatingException">A file cannot be read, or the key is not that of the certificate (exit code 2).</exception>
    public static X509Certificate2 ClientCertificate(string certificatePath, string? keyPath)
    {
        var pem = Text("mqtt.client_cert_file", certificatePath);
        var keyName = keyPath is null ? "mqtt.client_cert_file" : "mqtt.client_key_file";
        var keyPem = keyPath is null ? pem : Text(keyName, keyPath);
        using var certificate = Public(certificatePath, pem);
        if (certificate.GetKeyAlgorithm() is not (Rsa or EllipticCurve))
            throw Refused(
                $"mqtt.client_cert_file {certificatePath} has a key of the algorithm "
                    + $"{certificate.PublicKey.Oid.FriendlyName ?? certificate.GetKeyAlgorithm()}, which is not supported: "
                    + "use a certificate with an RSA key or an EC key (P-256)"
            );
        var file = keyPath ?? certificatePath;
        if (keyPem.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw Refused(
                $"{keyName} {file} is encrypted, and nobody can type its passphrase: write it without one "
                    + $"(openssl pkey -in {file} -out NEW), owner edgeseg, mode 600"
            );
        if (!keyPem.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw Refused($"{keyName} {file} contains no private key in PEM form (-----BEGIN PRIVATE KEY-----): name the file that does");
        try
        {
            return X509Certificate2.CreateFromPem(pem, keyPem);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Refused(
                $"the private key in {keyName} {file} does not belong to the certificate {certificatePath}, or is damaged: "
                    + "name the key that the certificate was requested with"
            );
        }
    }

    /// <summary>The authorities to trust, from a PEM file; null: the setting is empty.</summary>
    /// <param name="key">The setting that names the file.</param>
    /// <param name="setting">Its value, as <see cref="SecretFile"/> takes it.</param>
    /// <exception cref="OperatingException">The file cannot be read or contains no certificate (exit code 2).</exception>
    public static X509Certificate2Collection? Authorities(string key, string setting)
    {
        if (setting.Length == 0)
            return null;
        var path = SecretFile.Path(key, setting);
        X509Certificate2Collection all = [];
        var pem = Text(key, path);
        try
        {
            all.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            throw Refused($"{key} {path} contains a damaged certificate: copy the file again");
        }

        return all.Count > 0
            ? all
            : throw Refused($"{key} {path} contains no certificate: it must be a PEM file (-----BEGIN CERTIFICATE-----)");
    }

    /// <summary>Why a connection failed, and the dates of our certificate if it is not valid now.</summary>
    public static string WithDates(string reason, X509Certificate2? certificate, DateTimeOffset now) =>
        certificate is null || (now >= certificate.NotBefore && now <= certificate.NotAfter)
            ? reason
            : $"{reason}; the client certificate is valid from {Day(certificate.NotBefore)} to {Day(certificate.NotAfter)}, and now is "
                + $"{Day(now.UtcDateTime)}: renew the certificate, or set the clock";

    private static string Day(DateTime at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static X509Certificate2 Public(string path, string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException)
        {
            throw Refused($"mqtt.client_cert_file {path} contains no certificate: it must be a PEM file (-----BEGIN CERTIFICATE-----)");
        }
    }

    private static string Text(string key, string path)
    {
        try
        {
            return Encoding.ASCII.GetString(SettingsFile.ReadBytes(path, MqttLimits.MaxPemBytes));
        }
        catch (OperatingException e)
        {
            throw Refused($"{key}: {e.Message}");
        }
    }

    private static OperatingException Refused(string message) => new(message, ExitCode.Usage);
}
