using System.Security.Cryptography.X509Certificates;

namespace EdgeSeg.Telemetry;

/// <summary>How an OpenTelemetry collector is reached, beside its address. A class without a printed form: it leads to a secret.</summary>
internal sealed class CollectorAccess
{
    /// <summary>Authorities that may sign the collector's certificate; null: those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>
    /// Reads the value of the Authorization header for each export; null: none is sent. Throws an
    /// <see cref="EdgeSeg.Vision.Platform.OperatingException"/> where the file cannot be read.
    /// </summary>
    public Func<string>? Authorization { get; init; }
}
