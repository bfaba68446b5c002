using EdgeSeg.Configuration;
using EdgeSeg.Mqtt;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>From <c>[telemetry]</c> to the access of the collector. Certificates and secrets are read here.</summary>
internal static class CollectorServer
{
    /// <exception cref="OperatingException">A file cannot be read.</exception>
    public static CollectorAccess Access(TelemetrySettings telemetry)
    {
        var secret = telemetry.OtlpAuthorizationFile;
        // a missing secret is reported at the start, not with the first export
        if (secret.Length > 0)
            _ = SecretFile.Read("telemetry.otlp_authorization_file", secret);
        return new CollectorAccess
        {
            Authorities = PemFiles.Authorities("telemetry.otlp_ca_file", telemetry.OtlpCaFile),
            Authorization = secret.Length > 0 ? () => SecretFile.Read("telemetry.otlp_authorization_file", secret) : null,
        };
    }
}
