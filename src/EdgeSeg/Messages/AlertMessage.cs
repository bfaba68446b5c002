namespace EdgeSeg.Messages;

/// <summary>Something that a person should know of while it lasts.</summary>
/// <param name="Id">Last level of its topic.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Text">What is wrong, in a sentence.</param>
/// <param name="Remedy">What a person can do.</param>
/// <param name="Degrades">Whether the service runs below what it was configured for because of it.</param>
/// <param name="Camera">The camera concerned; null: none.</param>
/// <param name="Cause">The part of the text that makes it another alert when it changes; empty: only the code does. Not on the
/// wire.</param>
internal sealed record Alert(
    string Id,
    string Code,
    string Text,
    string Remedy,
    bool Degrades = false,
    string? Camera = null,
    string Cause = ""
);

/// <summary>The retained <c>alert/&lt;id&gt;</c>, version 1; schema <c>Alert</c> in docs/asyncapi.yaml.</summary>
internal static class AlertMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, string device, string session, Alert alert, DateTimeOffset sinceUtc)
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, device);
        json.WriteString("session"u8, session);
        json.WriteString("alert"u8, alert.Id);
        json.WriteString("code"u8, alert.Code);
        json.WriteOptional("camera"u8, alert.Camera);
        json.WriteBoolean("degraded"u8, alert.Degrades);
        json.WriteString("since_utc"u8, sinceUtc.UtcDateTime);
        json.WriteString("text"u8, alert.Text);
        json.WriteString("remedy"u8, alert.Remedy);
        return to.End();
    }
}
