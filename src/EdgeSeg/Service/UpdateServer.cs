using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>From <c>[update]</c> to the options of downloads. Certificates and secrets are read here.</summary>
internal static class UpdateServer
{
    /// <exception cref="OperatingException">A file cannot be read.</exception>
    public static DownloadOptions Options(UpdateSettings update)
    {
        // a missing secret is reported at the start, not at the first update
        if (update.AuthorizationFile.Length > 0)
            _ = SecretFile.Read("update.authorization_file", update.AuthorizationFile);
        return new DownloadOptions
        {
            Schemes = update.Sources,
            FileRoot = update.FileRoot,
            MaxBytesPerS = update.MaxKibS * 1024L,
            Authorities = PemFiles.Authorities("update.ca_file", update.CaFile),
            Proxy = update.Proxy.Length > 0 ? new Uri(update.Proxy) : null,
            Authorization = update.AuthorizationFile.Length > 0 ? () => Authorization(update.AuthorizationFile) : null,
        };
    }

    private static string Authorization(string setting)
    {
        try
        {
            return SecretFile.Read("update.authorization_file", setting);
        }
        catch (OperatingException e)
        {
            throw new UpdateException(UpdateReason.Unreachable, e.Message, retry: true);
        }
    }
}
