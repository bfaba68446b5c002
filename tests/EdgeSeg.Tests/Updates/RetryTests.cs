using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>
/// Waits between attempts: progress, a new manifest and a person's request shorten them; wrong content is tried a few times.
/// </summary>
public sealed class RetryTests : IDisposable
{
    private static readonly TimeSpan longestFirstWait = TimeSpan.FromMilliseconds(UpdateLimits.UpdateRetryMinMs);
    private readonly UpdateRig rig = new();

    public RetryTests() => rig.Boot();

    public void Dispose() => rig.Dispose();

    /// <summary>Looks every hour for ten hours, and once more.</summary>
    private async Task RunForHoursAsync()
    {
        for (var i = 0; i < 10; i++)
        {
            await rig.RunOnceAsync();
            rig.Time.Advance(TimeSpan.FromHours(1));
        }

        await rig.RunOnceAsync();
    }

    private void Fail(string reason = UpdateReason.Unreachable, bool retry = true) =>
        rig.OnFetch = _ => throw new UpdateException(reason, "no answer", retry);

    [Fact]
    public async Task A_download_that_comes_further_each_time_is_tried_again_soon()
    {
        var bytes = 0L;
        rig.OnProgress = progress => progress(bytes += 1_000_000);
        Fail();
        rig.Offer(UpdateRig.Install(8, 10));
        for (var attempt = 1; attempt <= 25; attempt++)
        {
            await rig.RunOnceAsync();
            Assert.Equal(attempt, rig.Fetches);
            rig.Time.Advance(longestFirstWait);
        }
    }

    [Fact]
    public async Task A_resumed_download_is_reported_with_the_bytes_on_the_disk()
    {
        rig.OnFetch = folder =>
        {
            File.WriteAllBytes(Path.Combine(folder, "segmenter.onnx.part"), new byte[7]);
            throw new UpdateException(UpdateReason.Unreachable, "no answer", retry: true);
        };
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        rig.Time.Advance(longestFirstWait);
        await rig.RunOnceAsync();
        Assert.Equal([0L, 7L], rig.Reports.Where(r => r.State == UpdateReport.Downloading).Select(r => r.Bytes ?? -1));
    }

    [Fact]
    public async Task A_download_that_always_starts_from_the_beginning_is_tried_more_and_more_rarely()
    {
        rig.OnProgress = progress => progress(3_000_000);
        Fail();
        rig.Offer(UpdateRig.Install(8, 10));
        for (var minute = 0; minute < 600; minute++)
        {
            await rig.RunOnceAsync();
            rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(rig.Fetches, 12, 40);
    }

    [Fact]
    public async Task A_new_manifest_does_not_wait_for_the_failures_of_the_one_before_it()
    {
        Fail();
        rig.Offer(UpdateRig.Install(8, 10));
        await RunForHoursAsync();
        var before = rig.Fetches;
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync();
        rig.Time.Advance(longestFirstWait);
        await rig.RunOnceAsync();
        Assert.Equal(before + 2, rig.Fetches);
    }

    [Fact]
    public async Task A_message_that_no_key_signed_is_refused_at_once_and_ends_no_wait()
    {
        Fail();
        rig.Offer(UpdateRig.Install(8, 10));
        await RunForHoursAsync();
        var (fetches, lines) = (rig.Fetches, rig.Log.Count);
        for (var i = 0; i < 100; i++)
        {
            rig.Offer(System.Text.Encoding.ASCII.GetBytes($"{{\"nonsense\":{i}}}"), isFleet: true);
            rig.OfferRaw(2, System.Text.Encoding.ASCII.GetBytes($"{{\"nonsense\":{i}}}"));
            await rig.RunOnceAsync();
            Assert.Equal((fetches, UpdateReport.Refused), (rig.Fetches, rig.Last.State));
        }

        Assert.Equal(lines + 1, rig.Log.Count);
        rig.Offer([], isFleet: true);
        rig.OfferRaw(2, []);
        await rig.RunOnceAsync();
        Assert.Equal((fetches, UpdateReport.Waiting, UpdateReason.Unreachable), (rig.Fetches, rig.Last.State, rig.Last.Reason));
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.RunOnceAsync();
        Assert.Equal(fetches + 1, rig.Fetches);
    }

    [Theory]
    [InlineData(UpdateReason.TooLong)]
    [InlineData(UpdateReason.WrongHash)]
    public async Task Wrong_content_is_tried_a_few_times_and_then_refused(string reason)
    {
        Fail(reason, retry: false);
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Waiting, reason), (rig.Last.State, rig.Last.Reason));
        for (var i = 0; i < 10; i++)
        {
            rig.Time.Advance(TimeSpan.FromHours(1));
            await rig.RunOnceAsync();
        }

        Assert.Equal((UpdateLimits.WrongContentTries, UpdateReport.Refused, reason), (rig.Fetches, rig.Last.State, rig.Last.Reason));
    }

    [Fact]
    public async Task A_page_that_was_served_for_a_while_does_not_cost_the_version()
    {
        Fail(UpdateReason.TooLong, retry: false);
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        rig.OnFetch = _ => { };
        rig.Time.Advance(longestFirstWait);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task Retry_by_request_tries_a_failed_manifest_again_and_ends_a_long_wait()
    {
        rig.OnCanary = () => throw new UpdateException(UpdateReason.CanarySlow, "too slow");
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync(3);
        Assert.Equal((1, UpdateReport.Refused), (rig.Canaries, rig.Last.State));
        rig.OnCanary = () => { };
        AtomicFile.WriteFile(Path.Combine(rig.Folder, UpdateHold.RequestName), "retry"u8, "request");
        await rig.RunOnceAsync();
        Assert.Equal((2, UpdatePhase.Trial), (rig.Canaries, rig.State.Phase));
        rig.Live = new LiveStats(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(2);

        Fail();
        rig.Offer(UpdateRig.Install(9, 11));
        await RunForHoursAsync();
        var before = rig.Fetches;
        await rig.RunOnceAsync();
        Assert.Equal(before, rig.Fetches);
        AtomicFile.WriteFile(Path.Combine(rig.Folder, UpdateHold.RequestName), "retry"u8, "request");
        await rig.RunOnceAsync();
        Assert.Equal(before + 1, rig.Fetches);
    }
}
