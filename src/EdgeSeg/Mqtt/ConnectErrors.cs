using System.Net.Sockets;
using System.Security.Authentication;
using EdgeSeg.Platform;
using MQTTnet;
using MQTTnet.Exceptions;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Why a broker could not be used, as a sentence for people: what happened and what to do. It holds no secret and no name of a .NET type.
/// </summary>
internal static class ConnectErrors
{
    private const string ResetDuringHandshake =
        "the connection was reset during the TLS handshake: the port may not use TLS; check mqtt.port, or set mqtt.tls = false";

    private const string ClosedAfterHandshake =
        "the TLS connection was closed without an MQTT answer: check mqtt.port, and the client certificate if the broker requires one";

    /// <summary>Settings and the options of a command that stand for them.</summary>
    private static readonly (string Setting, string Option)[] options =
    [
        ("set mqtt.tls = false", "leave out --tls"),
        ("mqtt.tls", "--tls"),
        ("mqtt.ca_file", "--ca-file"),
        ("mqtt.client_cert_file", "--cert-file"),
        ("mqtt.client_key_file", "--key-file"),
        ("mqtt.client_id", "--client-id"),
        ("mqtt.host", "--host"),
        ("mqtt.port", "--port"),
        ("mqtt.username", "--user"),
        ("mqtt.password_file", "--password-file"),
    ];

    /// <summary>The remedy of a command that was started with options instead of a settings file.</summary>
    public static string WithOptions(string text) =>
        options.Aggregate(text, (done, o) => done.Replace(o.Setting, o.Option, StringComparison.Ordinal));

    /// <summary>The answer to CONNECT was a refusal.</summary>
    public static string Describe(MqttClientConnectResult answer)
    {
        var reason = answer.ResultCode switch
        {
            MqttClientConnectResultCode.BadUserNameOrPassword
            or MqttClientConnectResultCode.NotAuthorized
            or MqttClientConnectResultCode.Banned =>
                "it rejects the user name or password (check mqtt.username and mqtt.password_file, or the client certificate)",
            // 1: the answer of a broker that knows 3.1.1 alone, in that version's form
            MqttClientConnectResultCode.UnsupportedProtocolVersion or (MqttClientConnectResultCode)1 =>
                "it does not support this MQTT version (for a broker without version 5 set mqtt.protocol = \"3.1.1\")",
            MqttClientConnectResultCode.ClientIdentifierNotValid => "it rejects the client id (check mqtt.client_id)",
            MqttClientConnectResultCode.ServerUnavailable or MqttClientConnectResultCode.ServerBusy => "it is not available now",
            MqttClientConnectResultCode.RetainNotSupported =>
                "it does not keep retained messages, which devices need (mosquitto: retain_available true)",
            MqttClientConnectResultCode.QuotaExceeded => "it has no room for another client",
            var code => Words(code.ToString()),
        };
        return $"the broker refuses the connection: {reason}{Comment(answer.ReasonString)}";
    }

    public static string NoAnswer(LinkOptions options) =>
        $"no answer within {options.ConnectTimeout.TotalSeconds:0.#} s: check mqtt.host and mqtt.port, and that an MQTT broker "
        + "listens there";

    /// <summary>The reason of a SUBACK or PUBACK in words: "not authorized".</summary>
    public static string Describe(MqttClientSubscribeResultCode code) => Words(code.ToString());

    /// <inheritdoc cref="Describe(MqttClientSubscribeResultCode)"/>
    public static string Describe(MqttClientPublishReasonCode code) => Words(code.ToString());

    /// <summary>The broker ended the connection.</summary>
    public static string Describe(MqttClientDisconnectedEventArgs end)
    {
        if (end.Exception is not null)
            return Describe(end.Exception, null);
        // the library reports a normal end when the broker, or a device in between, just closes the socket
        return end.Reason == MqttClientDisconnectReason.NormalDisconnection
            ? "closed by the other side"
            : $"the broker ended it: {Words(end.Reason.ToString())}{Comment(end.ReasonString)}";
    }

    /// <param name="error">What the library threw.</param>
    /// <param name="certificate">The check of the broker's certificate; null: no TLS.</param>
    public static string Describe(Exception error, ServerCertificateCheck? certificate)
    {
        if (certificate?.Fault is { } fault)
            return fault;
        var all = Chain(error).ToArray();
        // with TLS 1.3 a broker that requires a client certificate closes the connection after the handshake
        if (all.OfType<SocketException>().FirstOrDefault() is { } socket)
            return certificate is { IsAccepted: true } && IsClosed(socket.SocketErrorCode) ? ClosedAfterHandshake
                : certificate is not null && IsClosed(socket.SocketErrorCode) ? ResetDuringHandshake
                : SocketErrors.Describe(socket);
        if (all.OfType<AuthenticationException>().FirstOrDefault() is { } tls)
            return Describe(tls, all[^1]);
        if (all.Any(e => e is MqttProtocolViolationException))
            return "the answer is not MQTT: another kind of server listens on this port";
        if (all.Any(e => e is OperationCanceledException or TimeoutException or MqttCommunicationTimedOutException))
            return "no answer in time";
        if (!all.Any(e => e is IOException or MqttCommunicationException))
            return all[^1].Message;
        return certificate is null
            ? "the connection was closed without an MQTT answer: check mqtt.port, and set mqtt.tls if it is a TLS port"
            : ClosedAfterHandshake;
    }

    private static bool IsClosed(SocketError code) =>
        code is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected or SocketError.Shutdown;

    private static string Describe(AuthenticationException error, Exception innermost)
    {
        var text = innermost.Message;
        // alerts of the other side (RFC 8446, 6.2), by the names that OpenSSL gives them
        if (text.Contains("alert", StringComparison.OrdinalIgnoreCase))
            return $"the broker refuses the TLS connection ({Alert(text)}): check mqtt.client_cert_file and mqtt.client_key_file";
        if (
            error.Message.Contains("frame", StringComparison.OrdinalIgnoreCase)
            || text.Contains("frame", StringComparison.OrdinalIgnoreCase)
        )
            return "the server on this port does not use TLS: check mqtt.port, or set mqtt.tls = false";
        return "the TLS handshake failed: the broker and this device have no TLS version or cipher in common";
    }

    /// <summary>"... tlsv13 alert certificate required" gives "certificate required".</summary>
    private static string Alert(string text)
    {
        var at = text.LastIndexOf("alert ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "TLS alert" : text[(at + "alert ".Length)..].Trim().TrimEnd('.');
    }

    private static IEnumerable<Exception> Chain(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException)
            yield return e;
    }

    /// <summary>"NotAuthorized" gives "not authorized".</summary>
    private static string Words(string name) =>
        string.Concat(
            name.Replace("QoS", "Qos", StringComparison.Ordinal)
                .Select((c, i) => char.IsUpper(c) ? (i > 0 ? " " : "") + char.ToLowerInvariant(c) : c.ToString())
        );

    private static string Comment(string? text) =>
        string.IsNullOrWhiteSpace(text) ? "" : $" ({new string([.. text.Where(c => !char.IsControl(c)).Take(200)])})";
}
