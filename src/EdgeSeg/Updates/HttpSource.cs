using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Bundles on a web server: https://, and http:// where it is allowed. Redirects are followed here, one by one, so that none leads from
/// https to another scheme or to one that is not allowed. No content encoding is accepted: the manifest describes the bytes that are sent.
/// </summary>
internal sealed class HttpSource : ISource
{
    private readonly DownloadOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient client;
    private volatile string? certificateFault;

    /// <param name="options">Allowed schemes, authorities, proxy and authorisation.</param>
    /// <param name="time">Clock, for a Retry-After with a date.</param>
    /// <param name="handler">Null: <see cref="NewHandler"/>.</param>
    public HttpSource(DownloadOptions options, TimeProvider time, HttpMessageHandler? handler = null)
    {
        (this.options, this.time) = (options, time);
        client = new HttpClient(handler ?? NewHandler(options, Accept)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>
    /// Without own authorities the system's are trusted. The environment's proxy is not used: the configuration decides what a service
    /// connects to.
    /// </summary>
    /// <param name="options">Authorities and proxy.</param>
    /// <param name="accept">Checks the server's certificate; null: the library does.</param>
    public static SocketsHttpHandler NewHandler(DownloadOptions options, RemoteCertificateValidationCallback? accept = null) =>
        new()
        {
            // AutomaticDecompression keeps its default, none: to set it, even to none, links every decompressor (executable-size.md)
            AllowAutoRedirect = false,
            UseProxy = options.Proxy is not null,
            Proxy = options.Proxy is { } proxy ? new WebProxy(proxy) : null,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 1,
            ConnectTimeout = TimeSpan.FromMilliseconds(UpdateLimits.DownloadConnectMs),
            MaxResponseHeadersLength = UpdateLimits.DownloadHeadKib,
            // a body that is not wanted is not read to its end
            MaxResponseDrainSize = 0,
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = ServerCertificateCheck.ChainPolicy(options.Authorities),
                RemoteCertificateValidationCallback = accept,
            },
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

                if (part)
                    HttpAnswer.CheckContent(response, file);
                else
                    HttpAnswer.Check(response, file, time);
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
        var origin = address;
        for (var followed = 0; ; followed++)
        {
            var response = await SendAsync(address, origin, from, validator, watch);
            if (!Redirect.Is(response.StatusCode))
                return response;
            using (response)
            {
                if (followed == UpdateLimits.DownloadRedirects)
                    throw Unreachable($"{file.Name} is redirected more than {UpdateLimits.DownloadRedirects} times");
                address = Redirect.Target(address, response, options.Schemes);
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, Uri origin, long from, string validator, StallWatch watch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("edgeseg", null));
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            // without a validator the hash of the whole file shows whether both parts are of one content
            if (validator.Length > 0)
                request.Headers.IfRange = RangeConditionHeaderValue.Parse(validator);
        }

        var isOrigin = address.Scheme == origin.Scheme && address.Authority == origin.Authority;
        if (isOrigin && options.Authorization is { } authorization)
            Authorise(request, authorization);
        certificateFault = null;
        watch.BeginWait();
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watch.Token);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable($"{address.Authority} cannot be reached: {Cause(e)}");
        }
        finally
        {
            watch.EndWait();
        }
    }

    private static void Authorise(HttpRequestMessage request, Func<string> authorization)
    {
        try
        {
            request.Headers.Add("Authorization", authorization());
        }
        catch (FormatException)
        {
            // the message of the exception would show the secret
            throw Unreachable(
                "the content of update.authorization_file cannot be an Authorization header: write one line such as \"Bearer TOKEN\""
            );
        }
    }

    /// <summary>Why a request failed, without the names of .NET.</summary>
    private string Cause(HttpRequestException e)
    {
        if (certificateFault is { } fault)
            return fault;
        if (e.InnerException is AuthenticationException)
            return "the TLS handshake failed: check that the server uses TLS on this port, and its TLS version";
        var through = options.Proxy is { } proxy ? $" through the proxy {proxy.Authority}" : "";
        return Plain(e.GetBaseException()) + through;
    }

    /// <summary>
    /// The message of an error of the library without the name of its error code. It may quote the server, whose control characters must
    /// not reach a terminal.
    /// </summary>
    public static string Plain(Exception e)
    {
        var message = new string([.. e.Message.Select(c => char.IsControl(c) ? ' ' : c).Take(UpdateLimits.MaxErrorText)]).Trim();
        var bracket = message.LastIndexOf(" (", StringComparison.Ordinal);
        return bracket > 0 && message.EndsWith(')') && message[(bracket + 2)..^1].All(char.IsAsciiLetter)
            ? message[..bracket].TrimEnd('.')
            : message;
    }

    private bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var check = new ServerCertificateCheck(
            (sender as SslStream)?.TargetHostName ?? "",
            time,
            "the update server",
            "update.ca_file",
            "the address"
        );
        var isAccepted = check.Accept(certificate, chain, errors);
        certificateFault = check.Fault;
        return isAccepted;
    }

    /// <summary>
    /// Whether the answer is what follows the first <paramref name="from"/> bytes of a file of the right size and, where the server states
    /// so, of the same content.
    /// </summary>
    private static bool IsRest(HttpResponseMessage response, BundleFile file, long from, string validator) =>
        response.Content.Headers.ContentRange is { Unit: "bytes", From: { } first, To: { } last } range
        && first == from
        && last < file.Bytes
        && (range.Length ?? file.Bytes) == file.Bytes
        && (response.Content.Headers.ContentLength ?? last - first + 1) == last - first + 1
        && (response.Headers.ETag is not { IsWeak: false } etag || !validator.StartsWith('"') || etag.ToString() == validator);

    /// <summary>A value for If-Range: a strong ETag, else the date. The hash detects one date for two contents.</summary>
    private static string Validator(HttpResponseMessage response)
    {
        var strong = response.Headers.ETag is { IsWeak: false } etag ? etag.ToString() : null;
        var validator = strong ?? response.Content.Headers.LastModified?.ToString("r") ?? "";
        return validator.Length <= UpdateLimits.MaxValidatorLength ? validator : "";
    }

    private static UpdateException Unreachable(string text) => new(UpdateReason.Unreachable, text, retry: true);
}
