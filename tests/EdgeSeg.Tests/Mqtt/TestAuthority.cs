using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeSeg.Mqtt;

/// <summary>
/// A certificate authority for one test, with a broker's certificate (name broker.test) as files and a client's in memory.
/// </summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-tls").FullName;

    /// <param name="serverName">The name in the server's certificate.</param>
    /// <param name="isExpired">That certificate expired ten hours ago.</param>
    public TestAuthority(string serverName = "broker.test", bool isExpired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=edgeseg test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        Authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Client = Issue("edgeseg-robot-7");
        using var server = Issue(serverName, isExpired ? -10 : 1);
        File.WriteAllText(AuthorityFile, Authority.ExportCertificatePem());
        File.WriteAllText(ServerFile, server.ExportCertificatePem());
        using var serverKey = server.GetECDsaPrivateKey()!;
        File.WriteAllText(ServerKeyFile, serverKey.ExportPkcs8PrivateKeyPem());
        // a mosquitto that root starts reads its files as the user mosquitto
        if (OperatingSystem.IsWindows())
            return;
        File.SetUnixFileMode(folder, (UnixFileMode)0x1ED);
        File.SetUnixFileMode(ServerKeyFile, (UnixFileMode)0x1A4);
    }

    public X509Certificate2 Authority { get; }

    public X509Certificate2 Client { get; }

    public string AuthorityFile => Path.Combine(folder, "ca.pem");

    public string ServerFile => Path.Combine(folder, "server.pem");

    public string ServerKeyFile => Path.Combine(folder, "server.key");

    public void Dispose()
    {
        Authority.Dispose();
        Client.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private X509Certificate2 Issue(string name, int endsInHours = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(
            Authority,
            DateTimeOffset.UtcNow.AddHours(-20),
            DateTimeOffset.UtcNow.AddHours(endsInHours),
            RandomNumberGenerator.GetBytes(8)
        );
        return signed.CopyWithPrivateKey(key);
    }
}
