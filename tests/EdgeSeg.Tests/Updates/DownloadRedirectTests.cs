using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>TLS, and where redirects may lead.</summary>
public sealed class DownloadRedirectTests : IDisposable
{
    private readonly TestAuthority authority = new();
    private readonly X509Certificate2 certificate;

    public DownloadRedirectTests() => certificate = X509Certificate2.CreateFromPemFile(authority.ServerFile, authority.ServerKeyFile);

    public void Dispose()
    {
        certificate.Dispose();
        authority.Dispose();
    }

    /// <summary>
    /// The handler in use, that trusts the test's authority instead of the system's and finds every name on this machine.
    /// </summary>
    private SocketsHttpHandler Handler(bool trusts = true)
    {
        var handler = HttpSource.NewHandler(new DownloadOptions());
        if (trusts)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(authority.Authority);
        }

        handler.ConnectCallback = async (context, cancel) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return handler;
    }

    [Fact]
    public async Task A_bundle_is_fetched_and_resumed_over_TLS()
    {
        using var rig = new FetchRig { Options = new DownloadOptions() };
        await using var server = new MisbehavingServer(
            e => e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 ? 200_000 : null),
            certificate
        );
        rig.Handler = Handler();
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        rig.Handler = Handler();
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(100_000, server.Exchanges.Last().Sent);
    }

    [Fact]
    public async Task A_server_that_the_system_does_not_trust_gets_no_request()
    {
        using var rig = new FetchRig { Handler = Handler(trusts: false) };
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag), certificate);
        var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.Contains("TLS", fault.Message, StringComparison.Ordinal);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task A_certificate_of_another_name_is_not_trusted()
    {
        using var rig = new FetchRig { Handler = Handler() };
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag), certificate);
        await rig.FailAsync(
            rig.FetchAsync(rig.Bundle(server.Folder.Replace("broker.test", "other.test", StringComparison.Ordinal))),
            UpdateReason.Unreachable,
            retry: true
        );
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task Https_never_redirects_to_http_even_where_http_is_allowed()
    {
        using var rig = new FetchRig { Handler = Handler() };
        await using var plain = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        await using var server = new MisbehavingServer(
            e => e.HeadAsync("302 Found", $"Location: {plain.Folder}{FetchRig.Name}"),
            certificate
        );
        await rig.FailAsync(server, UpdateReason.InsecureRedirect, retry: true);
        Assert.Empty(plain.Exchanges);
    }

    [Fact]
    public async Task Http_may_redirect_to_https_and_not_back()
    {
        using var rig = new FetchRig { Handler = Handler() };
        await using var third = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        await using var second = new MisbehavingServer(
            e =>
                e.Number == 0
                    ? e.ServeAsync(rig.Content, FetchRig.Etag)
                    : e.HeadAsync("307 Temporary Redirect", $"Location: {third.Folder}x"),
            certificate
        );
        await using var first = new MisbehavingServer(e => e.HeadAsync("301 Moved Permanently", $"Location: {second.Folder}x"));
        await rig.FetchAsync(first);
        rig.AssertWhole();
        File.Delete(rig.Final);
        rig.Handler = Handler();
        await rig.FailAsync(first, UpdateReason.InsecureRedirect, retry: true);
        Assert.Empty(third.Exchanges);
    }

    [Theory]
    [InlineData("/elsewhere/file", "/elsewhere/file")]
    [InlineData("other", "/bundle/other")]
    [InlineData("../up", "/up")]
    [InlineData("//127.0.0.1:PORT/same-scheme", "/same-scheme")]
    [InlineData("http://127.0.0.1:PORT/absolute?token=1", "/absolute?token=1")]
    public async Task A_redirect_is_followed_with_the_range(string location, string path)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e =>
            e.Path == "/bundle/" + FetchRig.Name
                ? e.HeadAsync(
                    "302 Found",
                    "Content-Length: 0",
                    "Location: " + location.Replace("PORT", new Uri("http://" + e.Header("Host")).Port.ToString(), StringComparison.Ordinal)
                )
                : e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 1 ? 200_000 : null)
        );
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(
            (path, "bytes=200000-", 100_000),
            (server.Exchanges.Last().Path, server.Exchanges.Last().Range, server.Exchanges.Last().Sent)
        );
    }

    [Theory]
    [InlineData("Location: /bundle/again", UpdateReason.Unreachable, true)]
    [InlineData("X: none", UpdateReason.Unreachable, true)]
    [InlineData("Location: http://[", UpdateReason.Unreachable, true)]
    [InlineData("Location: file:///etc/hostname", UpdateReason.SourceRefused, true)]
    [InlineData("Location: ftp://127.0.0.1/x", UpdateReason.SourceRefused, true)]
    [InlineData("Location: https://127.0.0.1/x", UpdateReason.SourceRefused, true)]
    public async Task A_redirect_without_a_usable_target_is_refused(string location, string reason, bool retry)
    {
        using var rig = new FetchRig();
        rig.Options = new DownloadOptions { Schemes = ["http", "file"], FileRoot = "/etc" };
        await using var server = new MisbehavingServer(e => e.HeadAsync("302 Found", location, "Content-Length: 0"));
        await rig.FailAsync(server, reason, retry);
        Assert.Equal(location.EndsWith("again", StringComparison.Ordinal) ? UpdateLimits.DownloadRedirects + 1 : 1, server.Exchanges.Count);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/")]
    [InlineData("file:///etc/")]
    [InlineData("ftp://127.0.0.1/")]
    public async Task A_scheme_that_is_not_allowed_is_refused_at_once(string url)
    {
        using var rig = new FetchRig { Options = new DownloadOptions() };
        await rig.FailAsync(rig.FetchAsync(rig.Bundle(url)), UpdateReason.SourceRefused, retry: false);
        Assert.False(Directory.Exists(rig.Folder));
    }
}
