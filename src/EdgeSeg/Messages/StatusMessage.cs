using System.Buffers;
using System.Text.Json;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Messages;

/// <summary>What the retained <c>status</c> says of the service; written to the wire in lower case.</summary>
internal enum ServiceState
{
    Online,

    /// <summary>At work, but not as configured; the reasons say why.</summary>
    Degraded,
    Stopping,

    /// <summary>Gone: said by the service itself at its end, or by its last will.</summary>
    Offline,
}

/// <summary>The retained <c>status</c> and last will, version 1; schema <c>Status</c> in docs/asyncapi.yaml. The session id lets a reader ignore a late will of an earlier session.</summary>
internal static class StatusMessage
{
    private static readonly string[] states = ["online", "degraded", "stopping", "offline"];

    /// <param name="to">Holds the message afterwards.</param>
    /// <param name="device">Device id.</param>
    /// <param name="session">Names this run of the service.</param>
    /// <param name="state">What is said.</param>
    /// <param name="reasons">Stable codes; for <see cref="ServiceState.Degraded"/> at least one.</param>
    /// <param name="sinceUtc">When this state began; for a will, when the session connected.</param>
    /// <param name="drops">Messages given up by the link so far.</param>
    public static ReadOnlySpan<byte> Write(
        JsonBuffer to,
        string device,
        string session,
        ServiceState state,
        IReadOnlyList<string> reasons,
        DateTimeOffset sinceUtc,
        in LinkDrops drops
    )
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, device);
        json.WriteString("session"u8, session);
        json.WriteString("state"u8, states[(int)state]);
        json.WriteStartArray("reasons"u8);
        foreach (var reason in reasons)
            json.WriteStringValue(reason);
        json.WriteEndArray();
        json.WriteString("since_utc"u8, sinceUtc.UtcDateTime);
        TelemetryMessage.WriteLinkDrops(json, drops);
        return to.End();
    }

    /// <summary>Who said it, and whether it was at work then; null for what is not a status message.</summary>
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

        return session is null || state is null ? null : (session, state is "online" or "degraded");
    }
}
