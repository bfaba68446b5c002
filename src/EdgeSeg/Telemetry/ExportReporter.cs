using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Telemetry;

/// <summary>
/// Watches the exports to a collector: one line when they begin to fail or fail for another reason, one when they succeed again, and at
/// most one in <see cref="TelemetryLimits.OtlpReportMs"/>, however often the state changes.
/// </summary>
internal sealed class ExportReporter : DelegatingHandler
{
    private readonly Uri address;
    private readonly CollectorAccess access;
    private readonly TimeProvider time;
    private readonly Action<string> report;
    private readonly Lock gate = new();
    private string? reported;
    private long? reportedAt;
    private volatile string? certificateFault;

    /// <param name="address">Of the collector.</param>
    /// <param name="access">Its authorities and our credentials.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Gets the lines.</param>
    public ExportReporter(Uri address, CollectorAccess access, TimeProvider time, Action<string> report)
    {
        (this.address, this.access, this.time, this.report) = (address, access, time, report);
        InnerHandler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = ServerCertificateCheck.ChainPolicy(access.Authorities),
                RemoteCertificateValidationCallback = Accept,
            },
        };
    }

    private bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var check = new ServerCertificateCheck(address.IdnHost, time, "the collector", "telemetry.otlp_ca_file", "telemetry.otlp_endpoint");
        var isAccepted = check.Accept(certificate, chain, errors);
        certificateFault = check.Fault;
        return isAccepted;
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        certificateFault = null;
        try
        {
            if (access.Authorization is { } authorization)
                request.Headers.TryAddWithoutValidation("Authorization", authorization());
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            Note(response.IsSuccessStatusCode ? null : Describe(response.StatusCode));
            return response;
        }
        catch (OperatingException e)
        {
            Note(e.Message);
            throw new HttpRequestException(e.Message, e);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Note(certificateFault ?? Describe(e));
            throw;
        }
    }

    private static string Describe(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException)
        {
            if (e is SocketException socket)
                return $"{SocketErrors.Describe(socket)}; check telemetry.otlp_endpoint";
            if (e is AuthenticationException)
                return "the TLS handshake failed: check that the port of telemetry.otlp_endpoint uses TLS";
            if (e is OperationCanceledException)
                return $"no answer within {TelemetryLimits.OtlpTimeoutMs / 1000} s: check telemetry.otlp_endpoint and the collector";
        }

        return "the connection was closed without an HTTP answer: check telemetry.otlp_endpoint";
    }

    private string Describe(HttpStatusCode code)
    {
        var remedy = code switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when access.Authorization is null =>
                ": it requires credentials: set telemetry.otlp_authorization_file",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                ": it does not accept the content of telemetry.otlp_authorization_file",
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => ": check the path of telemetry.otlp_endpoint",
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => ": it is overloaded or starting",
            _ => "",
        };
        return string.Create(CultureInfo.InvariantCulture, $"it answers with status {(int)code}{remedy}");
    }

    private void Note(string? now)
    {
        lock (gate)
        {
            // a change within the time is reported with a later export, if it lasts
            if (now == reported || (reportedAt is { } at && time.GetElapsedTime(at).TotalMilliseconds < TelemetryLimits.OtlpReportMs))
                return;
            (reported, reportedAt) = (now, time.GetTimestamp());
        }

        report(
            now is null ? $"telemetry: the collector {address} accepts metrics again" : $"telemetry: metrics to {address} are lost: {now}"
        );
    }
}
