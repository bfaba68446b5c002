using System.Buffers;
using System.Text.Json;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Messages;

/// <summary>State of the service in the retained <c>status</c>.</summary>
internal enum ServiceState
{
    Online,

    /// <summary>Running, but not as configured; see the reasons.</summary>
    Degraded,
    Stopping,

    /// <summary>Ended: published by the service itself, or by its last will.</summary>
    Offline,
}

/// <summary>Body of <c>status</c>.</summary>
/// <param name="V">Version of the message.</param>
/// <param name="Device">Device id.</param>
/// <param name="Session">Id of this run of the service.</param>
/// <param name="State">Word of the state.</param>
/// <param name="Reasons">Stable codes.</param>
/// <param name="SinceUtc">When the state began; null in a will.</param>
/// <param name="Dropped">Messages dropped by the link.</param>
internal sealed record StatusBody(
    int V,
    string Device,
    string Session,
    string State,
    IReadOnlyList<string> Reasons,
    DateTime? SinceUtc,
    DroppedBody Dropped
);

/// <summary>Messages dropped by the link since the session began, by cause; see <see cref="LinkDrops"/>.</summary>
internal sealed record DroppedBody(long Full, long Expired, long TooLarge, long Failed, long Refused)
{
    public static DroppedBody Of(in LinkDrops drops) => new(drops.Full, drops.Expired, drops.TooLarge, drops.Failed, drops.Refused);
}

/// <summary>
/// The retained <c>status</c> and last will, version 1; schema <c>Status</c> in docs/asyncapi.yaml. The session id lets a reader ignore a
/// late will of an earlier session.
/// </summary>
internal static class StatusMessage
{
    /// <param name="to">Receives the message.</param>
    /// <param name="device">Device id.</param>
    /// <param name="session">Id of this run of the service.</param>
    /// <param name="state">State.</param>
    /// <param name="reasons">Stable codes; for <see cref="ServiceState.Degraded"/> at least one.</param>
    /// <param name="sinceUtc">When this state began; null in a will, which the broker publishes later than it is written.</param>
    /// <param name="drops">Messages dropped by the link so far.</param>
    public static ReadOnlySpan<byte> Write(
        JsonBuffer to,
        string device,
        string session,
        ServiceState state,
        IReadOnlyList<string> reasons,
        DateTimeOffset? sinceUtc,
        in LinkDrops drops
    ) =>
        to.Write(
            new StatusBody(1, device, session, state.ToWire(), reasons, sinceUtc?.UtcDateTime, DroppedBody.Of(drops)),
            MessageJson.Default.StatusBody
        );

    /// <summary>Session and whether it was running; null when it is not a status message.</summary>
    public static (string Session, bool IsAtWork)? TryRead(ReadOnlySequence<byte> payload)
    {
        if (payload.Length > MessageLimits.MaxStatusBytes)
            return null;
        string? session = null,
            state = null;
        try
        {
            var json = new Utf8JsonReader(payload);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1)
                    continue;
                var isSession = json.ValueTextEquals("session"u8);
                var isState = json.ValueTextEquals("state"u8);
                json.Read();
                if (json.TokenType != JsonTokenType.String)
                    continue;
                if (isSession)
                    session = json.GetString();
                if (isState)
                    state = json.GetString();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is not UTF-8
            return null;
        }

        return session is null || state is null
            ? null
            : (session, WireWords.ServiceStateFromWire(state) is ServiceState.Online or ServiceState.Degraded);
    }
}
