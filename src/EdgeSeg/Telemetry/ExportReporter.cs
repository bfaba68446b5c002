using System.Globalization;
using System.Net;

namespace EdgeSeg.Telemetry;

/// <summary>
/// Watches the exports to a collector: one line when they begin to fail or fail for another reason, one when they succeed again.
/// </summary>
internal sealed class ExportReporter(Uri address, Action<string> report) : DelegatingHandler(new HttpClientHandler())
{
    private readonly Lock gate = new();
    private string? failure;

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            Note(response.IsSuccessStatusCode ? null : Describe(response.StatusCode));
            return response;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Note(
                e is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError }
                    ? "the host name is unknown"
                    : "no answer"
            );
            throw;
        }
    }

    private static string Describe(HttpStatusCode code)
    {
        var remedy = code switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ": it requires credentials",
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
            if (now == failure)
                return;
            failure = now;
        }

        report(
            now is null ? $"telemetry: the collector {address} accepts metrics again" : $"telemetry: metrics to {address} are lost: {now}"
        );
    }
}
