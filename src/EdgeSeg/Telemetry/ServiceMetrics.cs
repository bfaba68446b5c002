namespace EdgeSeg.Telemetry;

/// <summary>State of the service beside the telemetry of an interval, for Prometheus and OpenTelemetry.</summary>
/// <param name="Fleet">Empty: none.</param>
/// <param name="Version">Of the program.</param>
/// <param name="Model">Name of the active model.</param>
/// <param name="ModelVersion">Its version.</param>
/// <param name="Degraded">Status is degraded.</param>
/// <param name="Connected">The link to the broker is up.</param>
/// <param name="Alerts">Codes of the lasting alerts.</param>
/// <param name="Quality">Recent automatic masks of the active model.</param>
/// <param name="Update">Where the model updates are; null: they are off, or nothing was reported yet.</param>
internal sealed record ServiceMetrics(
    string Fleet,
    string Version,
    string Model,
    string ModelVersion,
    bool Degraded,
    bool Connected,
    IReadOnlyList<string> Alerts,
    LiveStats Quality,
    UpdateStats? Update = null
);

/// <summary>Where the model updates are, as in <c>model/state</c>.</summary>
/// <param name="State">idle, waiting, downloading, verifying, canary, trial, active, refused or rolled_back.</param>
/// <param name="HasFailed">The last update was refused, or was taken back.</param>
/// <param name="Version">Of the bundle that it is about; null: none.</param>
/// <param name="Reason">Why it waits or was refused; null: no reason.</param>
/// <param name="Bytes">Received so far; null: nothing is downloaded.</param>
/// <param name="BytesTotal">Of the download.</param>
internal sealed record UpdateStats(string State, bool HasFailed, int? Version, string? Reason, long? Bytes, long? BytesTotal)
{
    /// <summary>The version as a label; empty: none.</summary>
    public string VersionText => Version?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "";
}
