using System.Net;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// Motion JPEG over HTTP, as ESP32-CAM, mjpg-streamer and many network cameras send it (multipart/x-mixed-replace). User and password
/// (basic or digest) come from the credentials file, never from the address.
/// </summary>
internal sealed class HttpCamera : ICamera
{
    private readonly Uri address;
    private readonly HttpClient client;
    private readonly CancellationTokenSource cancelled = new();
    private HttpResponseMessage? response;
    private JpegStream? pictures;

    /// <exception cref="OperatingException">The credentials file cannot be used.</exception>
    public HttpCamera(string address, string credentialsFile, double openTimeoutS)
    {
        this.address = new Uri(address);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = true,
            MaxAutomaticRedirections = 3,
            ConnectTimeout = TimeSpan.FromSeconds(openTimeoutS),
        };
        if (credentialsFile.Length > 0)
        {
            var (user, password) = CameraCredentials.Read(credentialsFile);
            handler.Credentials = new NetworkCredential(user, password);
        }

        client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(openTimeoutS) };
    }

    public double PositionMs => 0;

    public string Reason { get; private set; } = "";

    public CameraFormat Open()
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            response = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancelled.Token).GetAwaiter().GetResult();
            Check(response);
            pictures = new JpegStream(response.Content.ReadAsStream(cancelled.Token));
            return new CameraFormat(0, 0, 0, "mjpeg", "arrival", true, true);
        }
        catch (HttpRequestException e)
        {
            throw new OperatingException(
                $"camera {Where} cannot be reached ({e.InnerException?.Message ?? e.Message}); check address, power and network"
            );
        }
        catch (OperationCanceledException)
        {
            throw new OperatingException(
                $"camera {Where} did not answer within {client.Timeout.TotalSeconds:0.#} s; check address, power and network"
            );
        }
    }

    public GrabOutcome Grab()
    {
        try
        {
            if (pictures!.TryReadNext())
                return GrabOutcome.Ok;
            Reason = $"camera {Where} ended the stream";
        }
        catch (Exception e) when (e is IOException or OperatingException or OperationCanceledException or ObjectDisposedException)
        {
            Reason =
                $"camera {Where}: {(e is OperationCanceledException or ObjectDisposedException ? "the stream was closed" : e.Message)}";
        }

        return GrabOutcome.Failed;
    }

    public bool Retrieve(Mat picture) => pictures!.TryDecode(picture);

    public void Cancel()
    {
        cancelled.Cancel();
        response?.Dispose();
    }

    public void Dispose()
    {
        cancelled.Cancel();
        response?.Dispose();
        client.Dispose();
        cancelled.Dispose();
    }

    /// <summary>Without the query, which may hold a key.</summary>
    private string Where => $"{address.Scheme}://{address.Authority}{address.AbsolutePath}";

    private void Check(HttpResponseMessage answer)
    {
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw new OperatingException(
                $"camera {Where} refuses the user or password ({(int)answer.StatusCode}); write user:password into credentials_file"
            );
        if (!answer.IsSuccessStatusCode)
            throw new OperatingException(
                $"camera {Where} answers {(int)answer.StatusCode} {answer.ReasonPhrase}; check the path of the address"
            );
        var kind = answer.Content.Headers.ContentType?.MediaType ?? "";
        if (kind.StartsWith("text/", StringComparison.Ordinal))
            throw new OperatingException(
                $"camera {Where} sends a web page ({kind}), not pictures; "
                    + "give the address of the stream itself, often /stream or /?action=stream"
            );
        if (kind == "image/jpeg")
            throw new OperatingException($"camera {Where} sends one picture, not a stream; give the address of its motion JPEG stream");
    }
}
