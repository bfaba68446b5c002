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
    )
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, device);
        json.WriteString("session"u8, session);
        json.WriteString("state"u8, state.ToWire());
        json.WriteStartArray("reasons"u8);
        foreach (var reason in reasons)
            json.WriteStringValue(reason);
        json.WriteEndArray();
        if (sinceUtc is { } since)
            json.WriteString("since_utc"u8, since.UtcDateTime);
        else
            json.WriteNull("since_utc"u8);
        TelemetryMessage.WriteLinkDrops(json, drops);
        return to.End();
    }

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
