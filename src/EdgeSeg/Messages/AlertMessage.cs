namespace EdgeSeg.Messages;

/// <summary>A lasting fault that a person should know of.</summary>
/// <param name="Id">Last level of its topic.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Text">What is wrong, in a sentence.</param>
/// <param name="Remedy">What a person can do.</param>
/// <param name="Degrades">The service runs below its configuration because of it.</param>
/// <param name="Camera">Its camera; null: none.</param>
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

/// <summary>Body of <c>alert/&lt;id&gt;</c>.</summary>
internal sealed record AlertBody(
    int V,
    string Device,
    string Session,
    string Alert,
    string Code,
    string? Camera,
    bool Degraded,
    DateTime SinceUtc,
    string Text,
    string Remedy
);

/// <summary>The retained <c>alert/&lt;id&gt;</c>, version 1; schema <c>Alert</c> in docs/asyncapi.yaml.</summary>
internal static class AlertMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, string device, string session, Alert alert, DateTimeOffset sinceUtc) =>
        to.Write(
            new AlertBody(
                1,
                device,
                session,
                alert.Id,
                alert.Code,
                alert.Camera,
                alert.Degrades,
                sinceUtc.UtcDateTime,
                alert.Text,
                alert.Remedy
            ),
            MessageJson.Default.AlertBody
        );
}
