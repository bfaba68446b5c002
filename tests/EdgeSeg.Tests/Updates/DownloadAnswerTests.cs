using System.IO.Compression;
using EdgeSeg.Messages;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Servers that answer something else than what was asked for.</summary>
public class DownloadAnswerTests
{
    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("403 Forbidden")]
    [InlineData("500 Internal Server Error")]
    [InlineData("204 No Content")]
    [InlineData("206 Partial Content")]
    public async Task An_error_status_is_retried(string status)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.HeadAsync(status, "Content-Length: 0"));
        var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.Null(fault.RetryAfter);
        Assert.Contains(status[..3], fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Retry-After: 120", 120)]
    [InlineData("Retry-After: 999999", 86_400)]
    [InlineData("Retry-After: Sun, 01 Mar 2026 12:05:00 GMT", 300)]
    [InlineData("Retry-After: Sun, 01 Mar 2026 11:00:00 GMT", 0)]
    [InlineData("Retry-After: Tue, 01 Mar 2033 12:00:00 GMT", 86_400)]
    // the device's clock is wrong; the server's date gives the difference
    [InlineData("Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nRetry-After: Thu, 01 Jan 2026 00:01:00 GMT", 60)]
    public async Task A_Retry_After_is_reported(string header, int seconds)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e =>
            e.HeadAsync(e.Number == 0 ? "429 Too Many Requests" : "503 Service Unavailable", header, "Content-Length: 0")
        );
        Assert.Equal(TimeSpan.FromSeconds(seconds), (await rig.FailAsync(server, UpdateReason.Unreachable, retry: true)).RetryAfter);
        Assert.Equal(TimeSpan.FromSeconds(seconds), (await rig.FailAsync(server, UpdateReason.Unreachable, retry: true)).RetryAfter);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("-5")]
    [InlineData("99999999999999999999")]
    public async Task An_unreadable_Retry_After_is_ignored(string value)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e =>
            e.HeadAsync("429 Too Many Requests", "Retry-After: " + value, "Content-Length: 0")
        );
        Assert.Null((await rig.FailAsync(server, UpdateReason.Unreachable, retry: true)).RetryAfter);
    }

    [Fact]
    public async Task A_missing_server_is_retried()
    {
        using var rig = new FetchRig();
        await rig.FailAsync(rig.FetchAsync(rig.Bundle("http://127.0.0.1:9/")), UpdateReason.Unreachable, retry: true);
    }

    [Theory]
    [InlineData("206 Partial Content", "Content-Range: bytes 0-99999/300000")]
    [InlineData("206 Partial Content", "Content-Range: bytes 199999-299999/300000")]
    [InlineData("206 Partial Content", "Content-Range: bytes 200000-399999/400000")]
    [InlineData("206 Partial Content", "Content-Range: bytes 200000-299999/300001")]
    [InlineData("206 Partial Content", "Content-Range: lines 200000-299999/300000")]
    [InlineData("206 Partial Content", "Content-Range: bytes */300000")]
    [InlineData("206 Partial Content", "Content-Range: nonsense")]
    [InlineData("206 Partial Content", "X: no range")]
    [InlineData("206 Partial Content", "Content-Range: bytes 200000-299999/300000\r\nETag: \"v2\"")]
    [InlineData("416 Range Not Satisfiable", "Content-Range: bytes */300000")]
    public async Task A_wrong_range_is_refused_and_the_file_restarted(string status, string header)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            if (e.Range is null)
            {
                await e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 ? 200_000 : null);
                return;
            }

            await e.HeadAsync(status, header, "Content-Length: 100000");
            await e.BodyAsync(new byte[100_000]);
        });
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal([null, "bytes=200000-", null], server.Exchanges.Select(e => e.Range));
    }

    [Fact]
    public async Task A_shorter_range_than_requested_is_used_and_resumed()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            if (e.Number == 0)
            {
                await e.ServeAsync(rig.Content, FetchRig.Etag, 100_000);
                return;
            }

            var from = e.Number * 100_000;
            await e.HeadAsync("206 Partial Content", $"Content-Range: bytes {from}-{from + 99_999}/300000", "Content-Length: 100000");
            await e.BodyAsync(rig.Content.AsMemory(from, 100_000));
        });
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FailAsync(server, UpdateReason.TooShort, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal([null, "bytes=100000-", "bytes=200000-"], server.Exchanges.Select(e => e.Range));
    }

    [Theory]
    [InlineData(299_999, UpdateReason.TooShort, true)]
    [InlineData(300_001, UpdateReason.TooLong, false)]
    [InlineData(0, UpdateReason.TooShort, true)]
    public async Task A_length_that_contradicts_the_manifest_is_noticed_before_the_body(int length, string reason, bool retry)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync("200 OK", $"Content-Length: {length}");
            await e.SilenceAsync();
        });
        await rig.FailAsync(server, reason, retry);
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
    }

    [Fact]
    public async Task An_endless_body_ends_at_the_size_of_the_manifest()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync("200 OK", $"ETag: {FetchRig.Etag}");
            while (true)
                await e.BodyAsync(rig.Content);
        });
        await rig.FailAsync(server, UpdateReason.TooLong, retry: false);
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
        // what lies in the sockets on both sides, at most
        Assert.InRange(server.Exchanges.Single().Sent, 0, 64 << 20);
    }

    [Fact]
    public async Task A_body_that_ends_too_soon_without_a_length_is_resumed()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            if (e.Range is not null)
            {
                await e.ServeAsync(rig.Content, FetchRig.Etag);
                return;
            }

            await e.HeadAsync("200 OK", $"ETag: {FetchRig.Etag}");
            await e.BodyAsync(rig.Content.AsMemory(0, 123_456));
        });
        await rig.FailAsync(server, UpdateReason.TooShort, retry: true);
        Assert.Equal(123_456, rig.PartBytes);
        await rig.FetchAsync(server);
        rig.AssertWhole();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_encoded_answer_is_refused_as_it_is(bool withLength)
    {
        using var rig = new FetchRig();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(rig.Content);
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync("200 OK", "Content-Encoding: gzip", withLength ? $"Content-Length: {rig.Content.Length}" : "X: none");
            await e.BodyAsync(packed.ToArray());
        });
        var fault = await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.Contains("gzip", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
    }

    [Fact]
    public async Task Wrong_content_of_one_attempt_is_not_retried_by_the_download()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(new byte[rig.Content.Length], FetchRig.Etag));
        await rig.FailAsync(server, UpdateReason.WrongHash, retry: false);
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
    }

    [Fact]
    public async Task An_answer_that_is_not_HTTP_and_an_endless_head_are_retried()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            if (e.Number == 0)
                await e.BodyAsync(new byte[100]);
            else
                await e.HeadAsync("200 OK", "X: " + new string('x', UpdateLimits.DownloadHeadKib << 10));
        });
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
    }
}
