using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace EdgeSeg.WebConsole;

/// <summary>
/// The head of one HTTP/1.1 request: all that the console's listener ever reads of one, since no request to it has a body.
/// </summary>
internal sealed class HttpHead
{
    private readonly Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);

    public string Method { get; private init; } = "";

    /// <summary>The target without its query; begins with a slash.</summary>
    public string Path { get; private init; } = "";

    /// <summary>
    /// The header's value without blanks around it, or empty. One that came twice has both values, which no check then takes.
    /// </summary>
    public string this[string name] => headers.GetValueOrDefault(name, "");

    /// <summary>Reads up to the empty line. Null when the peer sends something else, too much, or goes away.</summary>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public static async Task<HttpHead?> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[WebConsoleLimits.WebHeadBytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var got = await stream.ReadAsync(buffer.AsMemory(length), cancel);
            if (got == 0)
                return null;
            length += got;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;
            // data after the head is from a client that does not wait for the answer: not supported
            if (end + 4 != length)
                return null;
            return TryParse(Encoding.Latin1.GetString(buffer, 0, end), out var head) ? head : null;
        }

        return null;
    }

    /// <summary>Takes the text before the empty line apart.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HttpHead? head)
    {
        head = null;
        var lines = text.Split("\r\n");
        if (lines.Length > WebConsoleLimits.WebHeaders || text.Any(c => char.IsControl(c) && c is not ('\r' or '\n' or '\t')))
            return false;
        if (lines[0].Split(' ') is not [var method, ['/', ..] target, "HTTP/1.1" or "HTTP/1.0"])
            return false;
        var parsed = new HttpHead { Method = method, Path = target.Split('?')[0] };
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line.AsSpan(0, colon).ContainsAny(" \t\r\n") || line.AsSpan(colon).ContainsAny('\r', '\n'))
                return false;
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            parsed.headers[name] = parsed.headers.TryGetValue(name, out var first) ? $"{first}, {value}" : value;
        }

        head = parsed;
        return true;
    }

    /// <summary>Whether a header's list of words, in any case, holds one.</summary>
    public bool Lists(string name, string word) =>
        this[name].Split(',', StringSplitOptions.TrimEntries).Contains(word, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether the host asked for is this machine by a name that only it can mean. Another name that leads to loopback is how a web page of
    /// a
    /// stranger reaches local services (DNS rebinding).
    /// </summary>
    public bool HostIsLoopback =>
        Uri.TryCreate($"http://{this["Host"]}/", UriKind.Absolute, out var uri)
        && uri.UserInfo.Length == 0
        && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));

    /// <summary>Whether a browser opened this from our own page; a client that is no browser names no origin.</summary>
    public bool OriginIsOurs =>
        !headers.ContainsKey("Origin") || this["Origin"] == $"http://{this["Host"]}" || this["Origin"] == $"https://{this["Host"]}";
}
