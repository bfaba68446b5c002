using System.Net;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>
/// Checks the head of an answer, in this order: status, encoding, content type, length. A page of a captive portal or of a proxy has
/// another length than the file, and must not be mistaken for a wrong file. All of these may end and are tried again.
/// </summary>
internal static class HttpAnswer
{
    private const int NetworkAuthentication = 511;

    /// <param name="response">The answer to a request for a whole file.</param>
    /// <param name="file">Its entry in the manifest.</param>
    /// <param name="time">Clock, for a Retry-After with a date.</param>
    /// <exception cref="UpdateException">It is not the file.</exception>
    public static void Check(HttpResponseMessage response, BundleFile file, TimeProvider time)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode != HttpStatusCode.OK)
            throw new UpdateException(UpdateReason.Unreachable, Status(status, file), retry: true)
            {
                RetryAfter = RetryAfter(response, time),
            };
        CheckContent(response, file);
        if (response.Content.Headers.ContentLength is not { } length || length == file.Bytes)
            return;
        var text = $"the server has {length} bytes of {file.Name}, the manifest says {file.Bytes}";
        throw length < file.Bytes
            ? new UpdateException(UpdateReason.TooShort, text, retry: true)
            : new UpdateException(UpdateReason.TooLong, text);
    }

    /// <summary>Encoding and type, also of a part of a file.</summary>
    public static void CheckContent(HttpResponseMessage response, BundleFile file)
    {
        var headers = response.Content.Headers;
        var encoding = headers.ContentEncoding.FirstOrDefault(e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase));
        if (encoding is not null)
        {
            throw Transient(
                $"the server sends {file.Name} with the content encoding {encoding}, which was not "
                    + "requested: switch compression off for these files"
            );
        }

        if (headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml" && !IsPage(file.Name))
            throw Page(file);
    }

    /// <summary>Whether bytes that are not the file's begin like a web page.</summary>
    public static bool IsPage(ReadOnlySpan<byte> beginning)
    {
        var text = beginning;
        if (text.StartsWith("\uFEFF"u8))
            text = text[3..];
        text = text.TrimStart(" \t\r\n"u8);
        Span<byte> lower = stackalloc byte[16];
        text = text[..Math.Min(text.Length, lower.Length)];
        for (var i = 0; i < text.Length; i++)
            lower[i] = text[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(text[i] | 0x20) : text[i];
        ReadOnlySpan<byte> word = lower[..text.Length];
        return word.StartsWith("<!doctype html"u8) || word.StartsWith("<html"u8) || word.StartsWith("<head"u8);
    }

    public static UpdateException Page(BundleFile file) =>
        Transient(
            $"an HTML page came instead of {file.Name}: a captive portal, a proxy or a login page "
                + "answers; open the network's portal, or correct the address"
        );

    private static bool IsPage(string name) =>
        name.EndsWith(".html", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".htm", StringComparison.OrdinalIgnoreCase);

    private static string Status(int status, BundleFile file) =>
        status switch
        {
            401 or 403 => $"the server answers {status} for {file.Name}: check update.authorization_file and the signature of the address",
            407 => $"the proxy answers 407 for {file.Name}: it asks for a user, which update.proxy does not support",
            404 or 410 => $"the server answers {status} for {file.Name}: the file is not there; check the address that was packed",
            429 => $"the server answers 429 for {file.Name}: too many requests",
            NetworkAuthentication => $"the network answers 511 for {file.Name}: a captive portal asks for a login",
            >= 500 => $"the server answers {status} for {file.Name}: it has a fault or is overloaded",
            _ => $"the server answers {status} for {file.Name}",
        };

    /// <summary>A date is compared with the server's clock where it sends one: the device's may be wrong.</summary>
    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        if (response.Headers.RetryAfter is not { } asked)
            return null;
        var wait = asked.Delta ?? asked.Date!.Value - (response.Headers.Date ?? time.GetUtcNow());
        return TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds, 0, UpdateLimits.MaxRetryAfterMs));
    }

    private static UpdateException Transient(string text) => new(UpdateReason.Unreachable, text, retry: true);
}
