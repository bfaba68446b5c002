using System.Collections;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>From <c>[update]</c> to the options of downloads. Certificates and secrets are read here.</summary>
internal static class UpdateServer
{
    private static readonly Dictionary<string, string> variables = Environment
        .GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);

    /// <exception cref="OperatingException">A file cannot be read.</exception>
    public static DownloadOptions Options(UpdateSettings update)
    {
        // a missing secret is reported at the start, not at the first update
        if (update.AuthorizationFile.Length > 0)
            _ = SecretFile.Read(update.AuthorizationFile, variables);
        return new DownloadOptions
        {
            Schemes = update.Sources,
            FileRoot = update.FileRoot,
            MaxBytesPerS = update.MaxKibS * 1024L,
            Authorities = update.CaFile.Length > 0 ? Authorities(update.CaFile) : null,
            Proxy = update.Proxy.Length > 0 ? new Uri(update.Proxy) : null,
            Authorization = update.AuthorizationFile.Length > 0 ? () => Authorization(update.AuthorizationFile) : null,
        };
    }

    private static X509Certificate2Collection Authorities(string setting)
    {
        var path = SecretFile.Path(setting, variables);
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0
                ? authorities
                : throw new OperatingException($"update.ca_file: {path} holds no certificate in PEM form", 2);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new OperatingException($"update.ca_file: {path} cannot be read ({e.Message}): check the path, the owner and the mode", 2);
        }
    }

    private static string Authorization(string setting)
    {
        try
        {
            return SecretFile.Read(setting, variables);
        }
        catch (OperatingException e)
        {
            throw new UpdateException(UpdateReason.Unreachable, $"update.authorization_file: {e.Message}", retry: true);
        }
    }
}
