using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Silence, trickles, rate limit and progress, by a clock that the test moves.</summary>
public class DownloadTimeTests
{
    private static readonly TimeSpan stall = TimeSpan.FromMilliseconds(UpdateLimits.DownloadStallMs);

    [Fact]
    public async Task A_silent_server_is_interrupted_and_resumed()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 ? 200_000 : null);
            if (e.Number == 0)
                await e.SilenceAsync();
        });
        var fetch = rig.FetchAsync(server);
        await Wait.UntilAsync(() => rig.PartBytes == 200_000, "the client has what was sent");
        rig.Time.Advance(stall * 0.9);
        Assert.False(fetch.IsCompleted);
        await rig.MoveOnUntilAsync(fetch, TimeSpan.FromSeconds(1));
        await rig.FailAsync(fetch, UpdateReason.Stalled, retry: true);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(100_000, server.Exchanges.Last().Sent);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_interrupted()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.SilenceAsync());
        var fetch = rig.FetchAsync(server);
        await Wait.UntilAsync(() => !server.Exchanges.IsEmpty, "the request arrives");
        rig.Time.Advance(stall * 0.9);
        Assert.False(fetch.IsCompleted, "interrupted before the limit");
        rig.Time.Advance(stall * 0.2);
        await Wait.UntilAsync(() => fetch.IsCompleted, "the wait is interrupted");
        await rig.FailAsync(fetch, UpdateReason.Stalled, retry: true);
    }

    [Fact]
    public async Task A_slow_server_is_interrupted_although_it_is_never_silent()
    {
        using var rig = new FetchRig();
        using var drop = new SemaphoreSlim(0);
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync("200 OK", $"Content-Length: {rig.Content.Length}", $"ETag: {FetchRig.Etag}");
            for (var at = 0; ; at++)
            {
                await drop.WaitAsync(e.Over);
                await e.BodyAsync(rig.Content.AsMemory(at, 1));
            }
        });
        var fetch = rig.FetchAsync(server);
        await Wait.UntilAsync(() => File.Exists(rig.Part), "the body begins");
        for (var sent = 1; !fetch.IsCompleted && sent < 20; sent++)
        {
            rig.Time.Advance(TimeSpan.FromSeconds(10));
            drop.Release();
            await Wait.UntilAsync(() => fetch.IsCompleted || rig.PartBytes == sent, "a byte arrives");
        }

        var fault = await rig.FailAsync(fetch, UpdateReason.Stalled, retry: true);
        Assert.Contains("slower", fault.Message, StringComparison.Ordinal);
        Assert.InRange(rig.PartBytes, 2, 10);
    }

    [Fact]
    public async Task A_rate_limit_holds_and_is_not_taken_for_a_slow_server()
    {
        // less than the least rate of a server, and for longer than that is looked at
        const int rate = 200;
        using var rig = new FetchRig(rate * 50)
        {
            Options = new DownloadOptions { Schemes = ["http"], MaxBytesPerS = rate },
        };
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        var since = rig.Time.GetUtcNow();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var fetch = rig.FetchAsync(server);
        while (!fetch.IsCompleted)
        {
            // on a loaded machine the clock advances while the download does not: only the rate is bounded, not the whole time
            Assert.True(watch.Elapsed.TotalSeconds < Wait.LimitS, "it did not end");
            await Task.Delay(2);
            var (had, elapsed) = (rig.PartBytes, (rig.Time.GetUtcNow() - since).TotalSeconds);
            Assert.True(had <= rate * (elapsed + 1), $"{had} bytes after {elapsed} s");
            rig.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await fetch;
        Assert.True((rig.Time.GetUtcNow() - since).TotalSeconds >= 49);
        rig.AssertWhole();
    }

    [Fact]
    public void One_read_takes_half_a_second_or_one_buffer()
    {
        var time = new FakeTimeProvider();
        Assert.Equal(1, new RateLimiter(1, time).ReadBytes);
        Assert.Equal(500, new RateLimiter(1000, time).ReadBytes);
        Assert.Equal(UpdateLimits.DownloadBufferBytes, new RateLimiter(long.MaxValue, time).ReadBytes);
        Assert.Equal(UpdateLimits.DownloadBufferBytes, new RateLimiter(0, time).ReadBytes);
    }

    [Fact]
    public async Task After_a_pause_at_most_a_quarter_of_a_second_is_caught_up()
    {
        var time = new FakeTimeProvider();
        var pace = new RateLimiter(1000, time);
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(pace.PayAsync(250, default).IsCompleted);
        var second = pace.PayAsync(500, default);
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await second;
    }

    [Fact]
    public async Task Progress_is_reported_once_a_second_and_at_the_end()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(async e =>
        {
            await e.HeadAsync("200 OK", $"Content-Length: {rig.Content.Length}");
            for (var at = 0; at < rig.Content.Length; at += 50_000)
            {
                // half a second a piece
                await Wait.UntilAsync(() => rig.PartBytes == at, "the client has the former piece");
                rig.Time.Advance(TimeSpan.FromMilliseconds(500));
                await e.BodyAsync(rig.Content.AsMemory(at, 50_000));
            }
        });
        Directory.CreateDirectory(rig.Folder);
        File.WriteAllBytes(Path.Combine(rig.Folder, "a"), new byte[1000]);
        await rig.FetchAsync(rig.Bundle(server.Folder, ("a", new byte[1000]), (FetchRig.Name, rig.Content)));
        Assert.Equal(301_000, rig.Progress[^1]);
        // a piece may come in several reads; never more often than each second
        Assert.Equal(4, rig.Progress.Count);
        Assert.Equal(rig.Progress.Order(), rig.Progress);
        Assert.All(rig.Progress.Take(3), (p, i) => Assert.InRange(p, (i * 100_000) + 51_001, (i * 100_000) + 101_000));
    }
}
