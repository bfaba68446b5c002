using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace EdgeSeg.WebConsole;

/// <summary>What is answered to a request: bytes of the head, bytes of the body, and whether the connection goes on as a WebSocket.</summary>
internal readonly record struct WebAnswer(byte[] Head, byte[] Body, bool IsSocket = false)
{
    /// <summary>The page may load and reach nothing but its own origin; nobody may frame it.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <param name="head">The request; null: it was none.</param>
    /// <param name="onLoopback">Whether we listen on loopback only, and so must be asked for by a name of loopback.</param>
    public static WebAnswer To(HttpHead? head, bool onLoopback)
    {
        if (head is null)
            return CommandError("400 Bad Request", "This is no request that the console understands.");
        if (onLoopback && !head.HostIsLoopback)
            return CommandError(
                "403 Forbidden",
                "The console listens on this machine only: open it as http://localhost or http://127.0.0.1."
            );
        if (head.Method is not ("GET" or "HEAD"))
            return CommandError("405 Method Not Allowed", "Only GET and HEAD are answered.", "Allow: GET, HEAD\r\n");
        if (head.Path == WebListener.SocketPath)
            return Socket(head);
        if (ConsoleFiles.Find(head.Path) is not { } file)
            return CommandError("404 Not Found", "There is no such file.");
        if (head["If-None-Match"] == file.Tag)
            return new WebAnswer(Header("304 Not Modified", $"ETag: {file.Tag}\r\n"), []);
        return new WebAnswer(
            Header(
                "200 OK",
                $"Content-Type: {file.Type}\r\nContent-Length: {file.Bytes.Length}\r\nETag: {file.Tag}\r\nCache-Control: no-cache\r\n"
            ),
            head.Method == "HEAD" ? [] : file.Bytes
        );
    }

    private static WebAnswer Socket(HttpHead head)
    {
        if (head.Method != "GET" || !head.Lists("Connection", "Upgrade") || !head.Lists("Upgrade", "websocket"))
            return CommandError("426 Upgrade Required", "MQTT over WebSockets is spoken here.", "Upgrade: websocket\r\n");
        if (!head.OriginIsOurs)
            return CommandError("403 Forbidden", "Only the console's own page may connect.");
        if (head["Sec-WebSocket-Version"] != "13")
            return CommandError("426 Upgrade Required", "WebSocket version 13 is spoken here.", "Sec-WebSocket-Version: 13\r\n");
        if (!head.Lists("Sec-WebSocket-Protocol", "mqtt"))
            return CommandError("400 Bad Request", "The subprotocol must be mqtt.");
        Span<byte> nonce = stackalloc byte[16];
        var key = head["Sec-WebSocket-Key"];
        if (!Convert.TryFromBase64String(key, nonce, out var bytes) || bytes != nonce.Length)
            return CommandError("400 Bad Request", "Sec-WebSocket-Key is not one.");
        return new WebAnswer(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept(key)}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
            ),
            [],
            IsSocket: true
        );
    }

    /// <summary>The proof that a WebSocket server answers (RFC 6455, 4.2.2); nothing secret hangs on it.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1")]
    internal static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));

    private static WebAnswer CommandError(string status, string sentence, string more = "")
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

    private static byte[] Header(string status, string fields) =>
        Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\n{fields}Connection: close\r\nContent-Security-Policy: {Policy}\r\nX-Content-Type-Options: nosniff\r\n"
                + "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\r\n"
        );
}
