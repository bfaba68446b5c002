using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EdgeSeg.Updates;

/// <summary>
/// An HTTP server on loopback that sends exactly the bytes that a test defines. One request a connection, which is closed after it.
/// </summary>
internal sealed class MisbehavingServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource over = new();
    private readonly Func<MisbehavingExchange, Task> answer;
    private readonly X509Certificate2? certificate;
    private readonly Task accepting;

    /// <param name="answer">Called for each request; later ones may be recognised by <see cref="MisbehavingExchange.Number"/>.</param>
    /// <param name="certificate">Null: no TLS.</param>
    public MisbehavingServer(Func<MisbehavingExchange, Task> answer, X509Certificate2? certificate = null)
    {
        (this.answer, this.certificate) = (answer, certificate);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public string Folder => $"{(certificate is null ? "http://127.0.0.1" : "https://broker.test")}:{Port}/bundle/";

    public ConcurrentQueue<MisbehavingExchange> Exchanges { get; } = [];

    /// <summary>What went wrong in the tests' own answers.</summary>
    public ConcurrentQueue<Exception> Faults { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        // the listener must live until nothing accepts any more
        await accepting;
        listener.Dispose();
        over.Dispose();
        if (!Faults.IsEmpty)
            throw new AggregateException(Faults);
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(ServeAsync(await listener.AcceptTcpClientAsync(over.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            client.NoDelay = true;
            Stream stream = client.GetStream();
            if (certificate is not null)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, over.Token);
                stream = tls;
            }

            await using var closed = stream;
            var exchange = new MisbehavingExchange(stream, client.Client, await HeadAsync(stream), Exchanges.Count, over.Token);
            Exchanges.Enqueue(exchange);
            await answer(exchange);
        }
        catch (Exception e)
            when (e
                    is IOException
                        or SocketException
                        or OperationCanceledException
                        or ObjectDisposedException
                        or System.Security.Authentication.AuthenticationException
            )
        {
            // the client has closed the connection, as many tests expect
        }
        catch (Exception e)
        {
            Faults.Enqueue(e);
        }
    }

    private async Task<string> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, over.Token) == 0)
                throw new IOException("the client has gone");
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}

/// <summary>One request, and the way to answer it.</summary>
internal sealed class MisbehavingExchange(Stream stream, Socket socket, string head, int number, CancellationToken over)
{
    /// <summary>0 for the server's first request.</summary>
    public int Number => number;

    public string Path { get; } = head.Split(' ')[1];

    public string? Range => Header("Range");

    public string? IfRange => Header("If-Range");

    /// <summary>Bytes of bodies that were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>The server ends.</summary>
    public CancellationToken Over => over;

    public string? Header(string name) =>
        head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    /// <summary>Sends a status line and headers (each without its line end).</summary>
    public async Task HeadAsync(string status, params string[] headers) =>
        await stream.WriteAsync(
            Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}Connection: close\r\n\r\n"),
            over
        );

    public async Task BodyAsync(ReadOnlyMemory<byte> bytes)
    {
        await stream.WriteAsync(bytes, over);
        await stream.FlushAsync(over);
        Sent += bytes.Length;
    }

    /// <summary>Answers as a good server does: whole, or from where it is asked to when the ETag is still the same.</summary>
    public async Task ServeAsync(byte[] content, string etag, int? cutAfter = null)
    {
        var from =
            Range is { } range && IfRange == etag
                ? int.Parse(range.Replace("bytes=", "", StringComparison.Ordinal).TrimEnd('-'), CultureInfo.InvariantCulture)
                : 0;
        if (from > 0)
            await HeadAsync(
                "206 Partial Content",
                $"ETag: {etag}",
                $"Content-Range: bytes {from}-{content.Length - 1}/{content.Length}",
                $"Content-Length: {content.Length - from}"
            );
        else
            await HeadAsync("200 OK", $"ETag: {etag}", $"Content-Length: {content.Length}");
        await BodyAsync(content.AsMemory(from, (cutAfter ?? content.Length) - from));
    }

    /// <summary>The connection is reset, as by a cable that is pulled.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    /// <summary>Says nothing until the server ends.</summary>
    public Task SilenceAsync() => Task.Delay(Timeout.Infinite, over);
}
