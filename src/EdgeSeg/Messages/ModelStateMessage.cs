using EdgeSeg.Vision.Models;

namespace EdgeSeg.Messages;

/// <summary>The retained <c>model/state</c>, version 1; schema <c>ModelState</c> in docs/asyncapi.yaml.</summary>
internal static class ModelStateMessage
{
    /// <param name="to">Gets the message.</param>
    /// <param name="device">Device id.</param>
    /// <param name="session">Of this run.</param>
    /// <param name="fleet">Fleet id; empty: none.</param>
    /// <param name="report">Where the updates are.</param>
    /// <param name="active">The model at work.</param>
    /// <param name="at">Now.</param>
    public static ReadOnlySpan<byte> Write(
        JsonBuffer to,
        string device,
        string session,
        string fleet,
        UpdateReport report,
        ModelInfo active,
        DateTimeOffset at
    )
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, device);
        json.WriteString("session"u8, session);
        json.WriteOptional("fleet"u8, fleet.Length == 0 ? null : fleet);
        json.WriteString("state"u8, report.State);
        json.WriteOptional("name"u8, report.Name);
        Number("version"u8, report.Version);
        Number("serial"u8, report.Serial);
        Number("bytes"u8, report.Bytes);
        Number("bytes_total"u8, report.BytesTotal);
        json.WriteOptional("reason"u8, report.Reason);
        json.WriteOptional("text"u8, report.Text);
        json.WriteStartObject("active"u8);
        json.WriteString("name"u8, active.Name);
        json.WriteString("version"u8, active.Version);
        json.WriteString("sha256"u8, active.Sha256);
        json.WriteEndObject();
        json.WriteString("at"u8, at.UtcDateTime);
        return to.End();

        void Number(ReadOnlySpan<byte> name, long? value)
        {
            if (value is { } number)
                json.WriteNumber(name, number);
            else
                json.WriteNull(name);
        }
    }
}
