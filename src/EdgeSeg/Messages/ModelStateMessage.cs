using EdgeSeg.Vision.Models;

namespace EdgeSeg.Messages;

/// <summary>Body of <c>model/state</c>; null: not known, or not part of this state.</summary>
internal sealed record ModelStateBody(
    int V,
    string Device,
    string Session,
    string? Fleet,
    string State,
    string? Name,
    int? Version,
    long? Serial,
    long? Bytes,
    long? BytesTotal,
    string? Reason,
    string? Text,
    ActiveModelBody Active,
    DateTime At
);

/// <summary>The model in use.</summary>
internal sealed record ActiveModelBody(string Name, string Version, string Sha256);

/// <summary>The retained <c>model/state</c>, version 1; schema <c>ModelState</c> in docs/asyncapi.yaml.</summary>
internal static class ModelStateMessage
{
    /// <param name="to">Receives the message.</param>
    /// <param name="device">Device id.</param>
    /// <param name="session">Id of this run of the service.</param>
    /// <param name="fleet">Fleet id; empty: none.</param>
    /// <param name="report">State of the updates.</param>
    /// <param name="active">The model in use.</param>
    /// <param name="at">Now.</param>
    public static ReadOnlySpan<byte> Write(
        JsonBuffer to,
        string device,
        string session,
        string fleet,
        UpdateReport report,
        ModelInfo active,
        DateTimeOffset at
    ) =>
        to.Write(
            new ModelStateBody(
                1,
                device,
                session,
                fleet.Length == 0 ? null : fleet,
                report.State,
                report.Name,
                report.Version,
                report.Serial,
                report.Bytes,
                report.BytesTotal,
                report.Reason,
                report.Text,
                new ActiveModelBody(active.Name, active.Version, active.Sha256),
                at.UtcDateTime
            ),
            MessageJson.Default.ModelStateBody
        );
}
