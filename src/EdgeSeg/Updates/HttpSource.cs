using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>
/// Bundles on a web server: https://, and http:// where it is allowed. Redirects are followed here, one by one, so that none leads from https to
/// anything else or to a scheme that is not allowed; no content encoding is taken, since the manifest speaks of the bytes that are sent.
/// </summary>
internal sealed class HttpSource : ISource
{
    private readonly IReadOnlyList<string> schemes;
    private readonly TimeProvider time;
    private readonly HttpClient client;

    /// <param name="schemes">The allowed ones.</param>
    /// <param name="time">Its clock, for a Retry-After with a date.</param>
    /// <param name="handler">Null: <see cref="NewHandler"/>.</param>
    public HttpSource(IReadOnlyList<string> schemes, TimeProvider time, HttpMessageHandler? handler = null)
    {
        this.schemes = schemes;
        this.time = time;
        client = new HttpClient(handler ?? NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Trust is the system's. No proxy from the environment: what a service fetches is said by its configuration, not by its surroundings.</summary>
    public static SocketsHttpHandler NewHandler() =>
        new()
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 1,
            ConnectTimeout = TimeSpan.FromMilliseconds(UpdateLimits.DownloadConnectMs),
            MaxResponseHeadersLength = UpdateLimits.DownloadHeadKib,
            // a body that is not wanted is not read to its end
            MaxResponseDrainSize = 0,
        };

    public async Task<SourceBody> OpenAsync(Uri address, BundleFile file, long from, string validator, StallWatch watch)
    {
        while (true)
        {
            var response = await FollowAsync(address, file, from, validator, watch);
            try
            {
                var part = from > 0 && response.StatusCode == HttpStatusCode.PartialContent;
                if (
                    (part && !IsRest(response, file, from, validator))
                    || (from > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                )
                {
                    from = 0;
                    response.Dispose();
                    continue;
                }

                if (!part)
                    Check(response, file);
                CheckEncoding(response, file);
                return new SourceBody(
                    await response.Content.ReadAsStreamAsync(watch.Token),
                    part ? from : 0,
                    Validator(response),
                    response
                );
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<HttpResponseMessage> FollowAsync(Uri address, BundleFile file, long from, string validator, StallWatch watch)
    {
        for (var followed = 0; ; followed++)
        {
            var response = await SendAsync(address, from, validator, watch);
            if (
                response.StatusCode
                is not (
                    HttpStatusCode.MovedPermanently
                    or HttpStatusCode.Found
                    or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect
                    or HttpStatusCode.PermanentRedirect
                )
            )
                return response;
            using (response)
            {
                if (followed == UpdateLimits.DownloadRedirects)
                    throw Unreachable($"{file.Name} is redirected more than {UpdateLimits.DownloadRedirects} times");
                address = Redirect.Target(address, response, schemes);
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, long from, string validator, StallWatch watch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("edgeseg", null));
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            request.Headers.IfRange = RangeConditionHeaderValue.Parse(validator);
        }

        watch.BeginWait();
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watch.Token);
        }
        catch (HttpRequestException e)
        {
            var why = e.InnerException is AuthenticationException { Message: var tls } ? $"TLS fails: {tls}" : e.Message;
            throw Unreachable($"{address.Authority} cannot be reached: {why.ReplaceLineEndings(" ")}");
        }
        finally
        {
            watch.EndWait();
        }
    }

    private void Check(HttpResponseMessage response, BundleFile file)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw Unreachable($"the server answers {(int)response.StatusCode} for {file.Name}", RetryAfter(response));
        if (response.Content.Headers.ContentLength is not { } length || length == file.Bytes)
            return;
        throw length < file.Bytes
            ? new UpdateException(
                UpdateReason.TooShort,
                $"the server has {length} bytes of {file.Name}, the manifest says {file.Bytes}",
                retry: true
            )
            : new UpdateException(UpdateReason.TooLong, $"the server has {length} bytes of {file.Name}, the manifest says {file.Bytes}");
    }

    private static void CheckEncoding(HttpResponseMessage response, BundleFile file)
    {
        var other = response.Content.Headers.ContentEncoding.FirstOrDefault(e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase));
        if (other is not null)
            throw Unreachable($"the server sends {file.Name} encoded ({other}), which was not asked for");
    }

    /// <summary>Is the answer what follows the first <paramref name="from"/> bytes of a file of the right size, and, where it tells, of the same content?</summary>
    private static bool IsRest(HttpResponseMessage response, BundleFile file, long from, string validator) =>
        response.Content.Headers.ContentRange is { Unit: "bytes", From: { } first, To: { } last } range
        && first == from
        && last < file.Bytes
        && (range.Length ?? file.Bytes) == file.Bytes
        && (response.Content.Headers.ContentLength ?? last - first + 1) == last - first + 1
        && (response.Headers.ETag is not { IsWeak: false } etag || validator[0] != '"' || etag.ToString() == validator);

    /// <summary>What If-Range takes: a strong ETag, else the date. That a date may stand for two contents is found out by the hash.</summary>
    private static string Validator(HttpResponseMessage response)
    {
        var validator = response.Headers.ETag is { IsWeak: false } etag
            ? etag.ToString()
            : response.Content.Headers.LastModified?.ToString("r") ?? "";
        return validator.Length <= UpdateLimits.MaxValidatorLength ? validator : "";
    }

    /// <summary>A date is taken by the server's own clock where it tells: ours may be wrong.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.RetryAfter is not { } asked)
            return null;
        var wait = asked.Delta ?? asked.Date!.Value - (response.Headers.Date ?? time.GetUtcNow());
        return TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds, 0, UpdateLimits.MaxRetryAfterMs));
    }

    private static UpdateException Unreachable(string text, TimeSpan? after = null) =>
        new(UpdateReason.Unreachable, text, retry: true) { RetryAfter = after };
}
