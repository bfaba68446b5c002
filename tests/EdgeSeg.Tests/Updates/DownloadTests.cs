using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Fetching whole bundles, and going on after a fetch that was cut.</summary>
public class DownloadTests
{
    [Fact]
    public async Task A_bundle_is_fetched_whole_and_nothing_else_is_left()
    {
        using var rig = new FetchRig();
        (string, byte[])[] files = [("model.json", Encoding.ASCII.GetBytes("{}")), ("encoder.onnx", rig.Content), ("decoder.onnx", [1])];
        await using var server = new MisbehavingServer(e =>
            e.ServeAsync(files.First(f => e.Path == "/bundle/" + f.Item1).Item2, FetchRig.Etag)
        );
        await rig.FetchAsync(rig.Bundle(server.Folder, files));
        rig.AssertWhole(files);
        Assert.Equal([rig.Content.Length + 3], rig.Progress);
        Assert.All(server.Exchanges, e => Assert.Equal("identity", e.Header("Accept-Encoding")));
        Assert.All(server.Exchanges, e => Assert.Null(e.Range));
    }

    [Fact]
    public async Task A_correct_file_is_not_downloaded_again_and_a_wrong_one_is()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        await rig.FetchAsync(server);
        await rig.FetchAsync(server);
        Assert.Single(server.Exchanges);
        File.WriteAllBytes(rig.Final, new byte[rig.Content.Length]);
        await rig.FetchAsync(server);
        Assert.Equal(2, server.Exchanges.Count);
        File.AppendAllText(rig.Final, "more");
        await rig.FetchAsync(server);
        Assert.Equal(3, server.Exchanges.Count);
        rig.AssertWhole();
    }

    [Fact]
    public async Task After_a_lost_connection_only_the_rest_is_requested()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 ? 200_000 : null));
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        Assert.Equal((200_000, FetchRig.Etag), (rig.PartBytes, File.ReadAllText(rig.Part + ".tag")));
        await rig.FetchAsync(server);
        rig.AssertWhole();
        var second = server.Exchanges.Last();
        Assert.Equal(("bytes=200000-", FetchRig.Etag, 100_000), (second.Range, second.IfRange, second.Sent));
    }

    [Fact]
    public async Task A_reset_connection_is_resumed()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 ? 200_000 : null);
            if (e.Number > 0)
                return;
            await Wait.UntilAsync(() => rig.PartBytes == 200_000, "the client has what was sent");
            e.Reset();
        });
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(100_000, server.Exchanges.Last().Sent);
    }

    [Fact]
    public async Task A_cancelled_fetch_ends_as_cancelled_and_keeps_its_part()
    {
        using var rig = new FetchRig();
        using var stop = new CancellationTokenSource();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 ? 200_000 : null);
            if (e.Number == 0)
                await e.SilenceAsync();
        });
        var fetch = rig.FetchAsync(rig.Bundle(server.Folder), stop.Token);
        await Wait.UntilAsync(() => rig.PartBytes == 200_000, "the client has what was sent");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(100_000, server.Exchanges.Last().Sent);
    }

    [Fact]
    public async Task Another_ETag_restarts_the_file()
    {
        using var rig = new FetchRig();
        var old = new byte[rig.Content.Length];
        await using var server = new MisbehavingServer(e =>
            e.Number == 0 ? e.ServeAsync(old, "\"v0\"", 200_000) : e.ServeAsync(rig.Content, FetchRig.Etag)
        );
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        var second = server.Exchanges.Last();
        Assert.Equal(("bytes=200000-", "\"v0\"", rig.Content.Length), (second.Range, second.IfRange, second.Sent));
    }

    [Theory]
    [InlineData("ETag: W/\"v1\"", null)]
    [InlineData("ETag: unquoted", null)]
    [InlineData("X: no name at all", null)]
    [InlineData("Last-Modified: Wed, 18 Feb 2026 08:00:00 GMT", "Wed, 18 Feb 2026 08:00:00 GMT")]
    public async Task Only_a_strong_etag_or_a_date_is_a_condition_of_the_range(string header, string? ifRange)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync("200 OK", header, $"Content-Length: {rig.Content.Length}");
            await e.BodyAsync(rig.Content.AsMemory(0, e.Number == 0 ? 1000 : rig.Content.Length));
        });
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(("bytes=1000-", ifRange), (server.Exchanges.Last().Range, server.Exchanges.Last().IfRange));
    }

    [Fact]
    public async Task A_server_without_a_validator_that_disconnects_is_resumed_and_the_hash_decides()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            // the content of the second attempt is another one, that of the later ones is right again
            var content = e.Number == 1 ? new byte[rig.Content.Length] : rig.Content;
            var from = e.Range is null ? 0 : 100_000;
            if (from == 0)
                await e.HeadAsync("200 OK", $"Content-Length: {content.Length}");
            else
                await e.HeadAsync(
                    "206 Partial Content",
                    $"Content-Range: bytes {from}-{content.Length - 1}/{content.Length}",
                    $"Content-Length: {content.Length - from}"
                );
            await e.BodyAsync(content.AsMemory(from, e.Number is 0 or 2 ? 100_000 : content.Length - from));
        });
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FailAsync(server, UpdateReason.WrongHash, retry: true);
        await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal([null, "bytes=100000-", null, "bytes=100000-"], server.Exchanges.Select(e => e.Range));
        Assert.All(server.Exchanges, e => Assert.Null(e.IfRange));
    }

    [Fact]
    public async Task The_end_of_a_connection_has_no_name_of_the_library()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag, 1000));
        var failure = await Assert.ThrowsAsync<UpdateException>(() => rig.FetchAsync(server));
        Assert.DoesNotContain("(ResponseEnded)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the connection ended after 1000", failure.Message, StringComparison.Ordinal);
        var quoted = HttpSource.Plain(new IOException("Received an invalid status line: '\e[31mHTTP\a'. (InvalidResponse)"));
        Assert.Equal("Received an invalid status line: ' [31mHTTP '", quoted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"v1\"\r\nX-Injected: yes")]
    [InlineData("\0\0\0\0")]
    public async Task A_damaged_tag_is_not_sent_as_a_header(string tag)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        Directory.CreateDirectory(rig.Folder);
        File.WriteAllBytes(rig.Part, rig.Content[..1000]);
        File.WriteAllText(rig.Part + ".tag", tag);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Null(Assert.Single(server.Exchanges).Range);
    }

    [Fact]
    public async Task A_part_that_is_whole_needs_no_server()
    {
        using var rig = new FetchRig();
        Directory.CreateDirectory(rig.Folder);
        File.WriteAllBytes(rig.Part, rig.Content);
        await rig.FetchAsync(rig.Bundle("http://127.0.0.1:9/"));
        rig.AssertWhole();
    }

    [Fact]
    public async Task A_part_longer_than_the_file_is_restarted()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        Directory.CreateDirectory(rig.Folder);
        File.WriteAllBytes(rig.Part, [.. rig.Content, 0]);
        File.WriteAllText(rig.Part + ".tag", FetchRig.Etag);
        await rig.FetchAsync(server);
        rig.AssertWhole();
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(200_000)]
    public async Task A_zeroed_tail_of_a_part_is_found_and_costs_one_more_fetch(int length)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        Directory.CreateDirectory(rig.Folder);
        File.WriteAllBytes(rig.Part, [.. rig.Content[..(length - 4096)], .. new byte[4096]]);
        File.WriteAllText(rig.Part + ".tag", FetchRig.Etag);
        await rig.FailAsync(server, UpdateReason.WrongHash, retry: true);
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Null(server.Exchanges.Last().Range);
    }
}
