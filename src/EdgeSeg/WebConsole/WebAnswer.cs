using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Telemetry;

namespace EdgeSeg.WebConsole;

/// <summary>
/// What is answered to a request: bytes of the head, bytes of the body, and whether the connection goes on as a WebSocket.
/// </summary>
internal readonly record struct WebAnswer(byte[] Head, byte[] Body, bool IsSocket = false)
{
    /// <summary>The page loads nothing but its own origin, and reaches that and the configured broker; nobody may frame it.</summary>
    /// <param name="connect">Sources that it may connect to besides its own origin; each with a space before it.</param>
    private static string Policy(string connect) =>
        $"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'{connect}; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'";

    /// <param name="head">The request; null: it was none.</param>
    /// <param name="metrics">Served at /metrics; null: not served.</param>
    /// <param name="page">The page's settings; null: page and WebSocket are not served.</param>
    /// <param name="onLoopback">Whether we listen on loopback only, and so must be asked for by a name of loopback.</param>
    public static WebAnswer To(HttpHead? head, bool onLoopback, PageSettings? page, PrometheusMetrics? metrics)
    {
        if (head is null)
            return Refuse("400 Bad Request", "The request is not valid HTTP.");
        if (onLoopback && !head.HostIsLoopback)
            return Refuse("403 Forbidden", "This listener is for this machine only: use http://localhost or http://127.0.0.1.");
        if (head.Method is not ("GET" or "HEAD"))
            return Refuse("405 Method Not Allowed", "Only GET and HEAD are allowed.", "Allow: GET, HEAD\r\n");
        if (head.Path == WebListener.MetricsPath && metrics is not null)
            return Uncached(head, metrics.Text, "text/plain; version=0.0.4; charset=utf-8");
        // with an external broker the page connects to that broker itself
        if (head.Path == WebListener.SocketPath && page is { BrokerUrl.Length: 0 })
            return Socket(head);
        if (page is not null && head.Path == PageSettings.Path)
            return Uncached(head, page.ToJson(), "application/json");
        if (page is null || ConsoleFiles.Find(head.Path) is not { } file)
            return Refuse("404 Not Found", "Unknown path.");
        if (head["If-None-Match"] == file.Tag)
            return new WebAnswer(Header("304 Not Modified", $"ETag: {file.Tag}\r\n", page.ConnectSource), []);
        return new WebAnswer(
            Header(
                "200 OK",
                $"Content-Type: {file.Type}\r\nContent-Length: {file.Bytes.Length}\r\nETag: {file.Tag}\r\nCache-Control: no-cache\r\n",
                page.ConnectSource
            ),
            head.Method == "HEAD" ? [] : file.Bytes
        );
    }

    private static WebAnswer Uncached(HttpHead head, byte[] text, string type) =>
        new(
            Header("200 OK", $"Content-Type: {type}\r\nContent-Length: {text.Length}\r\nCache-Control: no-store\r\n"),
            head.Method == "HEAD" ? [] : text
        );

    private static WebAnswer Socket(HttpHead head)
    {
        if (head.Method != "GET" || !head.Lists("Connection", "Upgrade") || !head.Lists("Upgrade", "websocket"))
            return Refuse("426 Upgrade Required", "This path requires MQTT over WebSockets.", "Upgrade: websocket\r\n");
        if (!head.OriginIsOurs)
            return Refuse("403 Forbidden", "Only the page of this console may connect.");
        if (head["Sec-WebSocket-Version"] != "13")
            return Refuse("426 Upgrade Required", "WebSocket version 13 is required.", "Sec-WebSocket-Version: 13\r\n");
        if (!head.Lists("Sec-WebSocket-Protocol", "mqtt"))
            return Refuse("400 Bad Request", "The subprotocol must be mqtt.");
        Span<byte> nonce = stackalloc byte[16];
        var key = head["Sec-WebSocket-Key"];
        if (!Convert.TryFromBase64String(key, nonce, out var bytes) || bytes != nonce.Length)
            return Refuse("400 Bad Request", "Sec-WebSocket-Key is not valid.");
        return new WebAnswer(
            Encoding.ASCII.GetBytes(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                    + $"{Accept(key)}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
            ),
            [],
            IsSocket: true
        );
    }

    /// <summary>The proof that a WebSocket server answers (RFC 6455, 4.2.2); nothing secret hangs on it.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1")]
    internal static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));

    private static WebAnswer Refuse(string status, string sentence, string more = "")
    {
        var body = Encoding.ASCII.GetBytes(sentence + "\n");
        return new WebAnswer(
            Header(
                status,
                $"{more}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\nCache-Control: no-store\r\n"
            ),
            body
        );
    }

    private static byte[] Header(string status, string fields, string connect = "") =>
        Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\n{fields}Connection: close\r\nContent-Security-Policy: {Policy(connect)}\r\n"
                + "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
                + "Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: "
                + "same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\r\n"
        );
}
