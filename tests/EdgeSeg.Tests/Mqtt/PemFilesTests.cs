using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Platform;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>What the files of TLS may hold: each wrong one is named in words for people.</summary>
public sealed class PemFilesTests : IDisposable
{
    // openssl req -x509 -newkey ed25519: the library that makes certificates here knows no such keys
    private const string Ed25519 = """
        -----BEGIN CERTIFICATE-----
        MIIBLDCB36ADAgECAhQtr8osS+CQJahHOT11hZ8qduxE2jAFBgMrZXAwDDEKMAgG
        A1UEAwwBeDAeFw0yNjExMjkxOTE4NDhaFw0zNjExMjYxOTE4NDhaMAwxCjAIBgNV
        BAMMAXgwKjAFBgMrZXADIQAo46Yu/f0h/pAu/zvHVyaMKMWFn17Rkyg2mWurXQAn
        eqNTMFEwHQYDVR0OBBYEFKZN19a/RDHDT8wZA9FTqhg81uCaMB8GA1UdIwQYMBaA
        FKZN19a/RDHDT8wZA9FTqhg81uCaMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA
        wI9dcj/MJH4uqzv77SwWvRUPWTRXvBXyU5ls/QpX7m2SJlrWaqYi7QOjoe0QsWF/
        hyA22X/39pTF41aaH5B6CA==
        -----END CERTIFICATE-----
        """;

    private readonly Scratch scratch = new();
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 certificate;
    private readonly string file;

    public PemFilesTests()
    {
        certificate = new CertificateRequest("CN=robot-7", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2025, 3, 1, 0, 0, 0, TimeSpan.Zero)
        );
        file = Write("client.pem", certificate.ExportCertificatePem());
    }

    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
        scratch.Dispose();
    }

    private string Write(string name, string text) => scratch.Write(name, System.Text.Encoding.ASCII.GetBytes(text));

    private static void Refused(Func<object?> load, params string[] parts)
    {
        var refusal = Assert.Throws<OperatingException>(load);
        Assert.Equal(ExitCode.Usage, refusal.ExitCode);
        foreach (var part in parts)
            Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
        foreach (var foreign in (string[])["(Parameter", "CopyWithPrivateKey", "Exception", "X509"])
            Assert.DoesNotContain(foreign, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_with_its_key_is_loaded_from_one_file_and_from_two()
    {
        var pem = key.ExportPkcs8PrivateKeyPem();
        using var two = PemFiles.ClientCertificate(file, Write("client.key", pem));
        Assert.True(two.HasPrivateKey);
        using var one = PemFiles.ClientCertificate(Write("both.pem", certificate.ExportCertificatePem() + "\n" + pem), null);
        Assert.True(one.HasPrivateKey);
    }

    [Fact]
    public void A_key_of_another_certificate_is_named()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        foreach (var pem in (string[])[other.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem()])
        {
            var path = Write("other.key", pem);
            Refused(() => PemFiles.ClientCertificate(file, path), "mqtt.client_key_file", path, "does not belong to the certificate", file);
        }
    }

    [Fact]
    public void An_encrypted_key_is_named()
    {
        var with = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        var path = Write("encrypted.key", key.ExportEncryptedPkcs8PrivateKeyPem("secret", with));
        Refused(() => PemFiles.ClientCertificate(file, path), path, "is encrypted", "openssl pkey");
    }

    [Fact]
    public void A_kind_of_key_that_TLS_does_not_support_here_is_named()
    {
        var path = Write("ed25519.pem", Ed25519);
        Refused(() => PemFiles.ClientCertificate(path, Write("any.key", key.ExportPkcs8PrivateKeyPem())), path, "RSA", "P-256");
    }

    [Fact]
    public void Files_that_hold_something_else_or_cannot_be_read_are_named()
    {
        Refused(() => PemFiles.ClientCertificate(file, null), "client_cert_file", "no private key");
        Refused(() => PemFiles.ClientCertificate(file, file), "client_key_file", "no private key");
        Refused(() => PemFiles.ClientCertificate(file, "/nowhere/x.key"), "client_key_file", "/nowhere/x.key does not exist");
        var text = Write("text.pem", "hello");
        Refused(() => PemFiles.ClientCertificate(text, text), text, "contains no certificate");
        Refused(() => PemFiles.Authorities("mqtt.ca_file", text), "mqtt.ca_file", text, "contains no certificate");
    }

    [Fact]
    public void A_refused_connection_names_the_dates_of_a_certificate_that_is_not_valid_now()
    {
        var day = new DateTimeOffset(2025, 2, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal("refused", PemFiles.WithDates("refused", certificate, day));
        Assert.Equal("refused", PemFiles.WithDates("refused", null, day));
        var late = PemFiles.WithDates("refused", certificate, day.AddYears(1));
        Assert.Contains("from 2025-01-01 00:00 UTC to 2025-03-01 00:00 UTC, and now is 2026-02-01", late, StringComparison.Ordinal);
        Assert.NotEqual("refused", PemFiles.WithDates("refused", certificate, day.AddYears(-1)));
    }
}
