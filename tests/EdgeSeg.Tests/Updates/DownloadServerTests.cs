using System.IO.Compression;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Portals, proxies, encodings, and how a server asks who is there.</summary>
public sealed class DownloadServerTests : IDisposable
{
    private static readonly byte[] page = Encoding.UTF8.GetBytes("<html>captive portal login</html>");
    private readonly FetchRig rig = new();

    public void Dispose() => rig.Dispose();

    [Theory]
    [InlineData("shorter, typed", 1, "text/html; charset=utf-8", true)]
    [InlineData("longer, typed", 20_000, "text/html", true)]
    [InlineData("longer, typed, no length", 20_000, "text/html", false)]
    [InlineData("shorter, untyped, no length", 1, "", false)]
    [InlineData("longer, untyped, no length", 20_000, "", false)]
    public async Task A_page_of_a_captive_portal_is_named_and_tried_again(string how, int copies, string type, bool withLength)
    {
        byte[] body = [.. Enumerable.Repeat(page, copies).SelectMany(p => p)];
        await using var server = new MisbehavingServer(async e =>
        {
            if (e.Number > 0)
            {
                await e.ServeAsync(rig.Content, FetchRig.Etag);
                return;
            }

            string[] headers =
            [
                type.Length > 0 ? $"Content-Type: {type}" : "X: none",
                withLength ? $"Content-Length: {body.Length}" : "X: none",
            ];
            await e.HeadAsync("200 OK", headers);
            await e.BodyAsync(body);
        });
        var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.True(fault.Message.Contains("captive portal", StringComparison.Ordinal), $"{how}: {fault.Message}");
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
        await rig.FetchAsync(server);
        rig.AssertWhole();
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/octet-stream")]
    public async Task A_compressed_answer_is_named_before_its_length_and_type_are_checked(string type)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(new byte[rig.Content.Length * 3]);
        foreach (var length in new[] { packed.Length, rig.Content.Length * 2L })
        {
            await using var server = new MisbehavingServer(async e =>
            {
                await e.HeadAsync("200 OK", "Content-Encoding: gzip", $"Content-Type: {type}", $"Content-Length: {length}");
                await e.BodyAsync(packed.ToArray());
            });
            var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
            Assert.Contains("gzip", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("401 Unauthorized", "update.authorization_file")]
    [InlineData("404 Not Found", "not there")]
    [InlineData("429 Too Many Requests", "too many requests")]
    [InlineData("503 Service Unavailable", "overloaded")]
    [InlineData("511 Network Authentication Required", "captive portal")]
    public async Task Answers_of_a_server_in_trouble_are_named_before_their_length_is_checked(string status, string name)
    {
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync(status, "Content-Type: text/html", $"Content-Length: {rig.Content.Length * 2}");
            await e.BodyAsync(page);
        });
        var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.Contains(status[..3], fault.Message, StringComparison.Ordinal);
        Assert.Contains(name, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>", true)]
    [InlineData("  \r\n<HTML lang=en>", true)]
    [InlineData("\uFEFF<html", true)]
    [InlineData("{\"v\":1}", false)]
    [InlineData("<?xml version='1.0'?>", false)]
    [InlineData("", false)]
    public void A_page_is_known_by_its_beginning(string text, bool isPage) =>
        Assert.Equal(isPage, HttpAnswer.IsPage(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task The_query_of_a_signed_address_goes_with_every_file()
    {
        (string, byte[])[] files = [("model.json", [1, 2, 3]), (FetchRig.Name, rig.Content)];
        await using var server = new MisbehavingServer(e =>
            e.Path.EndsWith("?sv=1&sig=a%2Fb%3D", StringComparison.Ordinal)
                ? e.ServeAsync(files.Single(f => e.Path.Contains(f.Item1, StringComparison.Ordinal)).Item2, FetchRig.Etag)
                : e.HeadAsync("403 Forbidden", "Content-Length: 0")
        );
        await rig.FetchAsync(rig.Bundle(server.Folder + "?sv=1&sig=a%2Fb%3D", files));
        rig.AssertWhole(files);
        Assert.Equal(
            ["/bundle/model.json?sv=1&sig=a%2Fb%3D", $"/bundle/{FetchRig.Name}?sv=1&sig=a%2Fb%3D"],
            server.Exchanges.Select(e => e.Path)
        );
    }

    [Fact]
    public async Task The_authorisation_is_read_anew_and_never_goes_to_another_host()
    {
        var token = "Bearer one";
        rig.Options = rig.Options with { Authorization = () => token };
        await using var other = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        await using var server = new MisbehavingServer(e =>
            e.Number switch
            {
                0 => e.HeadAsync("401 Unauthorized", "Content-Length: 0"),
                1 => e.HeadAsync("302 Found", "Location: /bundle/elsewhere", "Content-Length: 0"),
                _ => e.HeadAsync("302 Found", $"Location: {other.Folder}x", "Content-Length: 0"),
            }
        );
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        token = "Bearer two";
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(["Bearer one", "Bearer two", "Bearer two"], server.Exchanges.Select(e => e.Header("Authorization")));
        Assert.Null(Assert.Single(other.Exchanges).Header("Authorization"));
    }

    [Fact]
    public async Task An_authorisation_that_cannot_be_a_header_is_named_without_its_content()
    {
        rig.Options = rig.Options with { Authorization = () => "Bearer secret\r\nX: y" };
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.Contains("update.authorization_file", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task A_proxy_of_the_settings_is_used_and_named_when_it_is_gone()
    {
        await using var proxy = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        rig.Options = rig.Options with { Proxy = new Uri($"http://127.0.0.1:{proxy.Port}") };
        await rig.FetchAsync(rig.Bundle("http://models.invalid/bundle/"));
        rig.AssertWhole();
        Assert.Equal($"http://models.invalid/bundle/{FetchRig.Name}", Assert.Single(proxy.Exchanges).Path);
        File.Delete(rig.Final);
        rig.Options = rig.Options with { Proxy = new Uri($"http://127.0.0.1:{Mosquitto.FreePort()}") };
        var fault = await rig.FailAsync(rig.FetchAsync(rig.Bundle("http://models.invalid/bundle/")), UpdateReason.Unreachable, retry: true);
        Assert.Contains($"proxy 127.0.0.1:{rig.Options.Proxy.Port}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_own_authority_signs_the_servers_certificate_and_no_other_does()
    {
        using var authority = new TestAuthority("localhost");
        using var stranger = new TestAuthority("localhost");
        using var certificate = X509Certificate2.CreateFromPemFile(authority.ServerFile, authority.ServerKeyFile);
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag), certificate);
        var bundle = rig.Bundle(server.Folder.Replace("broker.test", "localhost", StringComparison.Ordinal));
        rig.Options = new DownloadOptions { Authorities = [stranger.Authority] };
        var fault = await rig.FailAsync(rig.FetchAsync(bundle), UpdateReason.Unreachable, retry: true);
        Assert.Contains("unknown authority", fault.Message, StringComparison.Ordinal);
        Assert.Contains("update.ca_file", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("RemoteCertificate", fault.Message, StringComparison.Ordinal);
        var other = rig.Bundle(server.Folder.Replace("broker.test", "127.0.0.1", StringComparison.Ordinal));
        rig.Options = new DownloadOptions { Authorities = [authority.Authority] };
        fault = await rig.FailAsync(rig.FetchAsync(other), UpdateReason.Unreachable, retry: true);
        Assert.Contains("wrong name: it is for 'localhost', and '127.0.0.1' is required", fault.Message, StringComparison.Ordinal);
        Assert.Empty(server.Exchanges);
        rig.Options = new DownloadOptions { Authorities = [authority.Authority] };
        await rig.FetchAsync(bundle);
        rig.AssertWhole();
    }
}
