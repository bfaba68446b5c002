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
internal sealed record ServiceMetrics(
    string Fleet,
    string Version,
    string Model,
    string ModelVersion,
    bool Degraded,
    bool Connected,
    IReadOnlyList<string> Alerts,
    LiveStats Quality
);
