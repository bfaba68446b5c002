using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Capture;

public sealed partial class CameraRunnerTests : IDisposable
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly ScriptedSource source = new();
    private readonly Drops drops = new();
    private readonly FramePool pool = new(4);
    private readonly FrameQueue queue;
    private readonly ConcurrentQueue<CameraStatus> reported = [];
    private readonly ConcurrentQueue<string> fatal = [];
    private CameraRunner? runner;

    public CameraRunnerTests() => queue = new FrameQueue(drops);

    /// <summary>No test may leave a slot or a camera behind.</summary>
    public void Dispose()
    {
        source.Dispose();
        runner?.Dispose();
        WaitFor(() => source.Alive == 0, "every camera disposed");
        Assert.Equal(0, pool.Taken);
        pool.Dispose();
    }

    [Fact]
    public void Frames_are_numbered_stamped_and_counted()
    {
        Start();
        source.Picture(50);
        var first = Take();
        time.Advance(TimeSpan.FromMilliseconds(40));
        source.Picture(60);
        using var second = Take();
        using (first)
            Assert.Equal((1L, "cam-a", 50), (first.Sequence, first.Camera, first.Pixels.At<byte>(0, 0)));
        Assert.Equal((2L, "arrival", 64, 48), (second.Sequence, second.TimeSource, second.Width, second.Height));
        Assert.Equal(40_000_000, second.CapturedNs - first.CapturedNs);
        Assert.Equal(time.GetUtcNow(), second.CapturedUtc);
        Assert.Equal((CameraState.Streaming, 2L, 2L, 0L), (Status.State, Status.Grabbed, Status.Retrieved, Status.Reconnects));
    }

    [Fact]
    public void The_newest_frames_win_and_the_oldest_give_their_slots_back()
    {
        Start();
        for (var i = 1; i <= 7; i++)
            source.Picture(10 * i);
        WaitFor(() => Status.Retrieved == 7 && drops.Total == 5, "7 frames");
        Assert.Equal(CaptureLimits.FrameQueue, pool.Taken);
        Assert.Equal(5, drops[DropCause.InferenceBusy]);
        using var sixth = Take();
        using var seventh = Take();
        Assert.Equal((60, 70), (sixth.Pixels.At<byte>(0, 0), seventh.Pixels.At<byte>(0, 0)));
    }

    [Fact]
    public void What_inference_does_not_want_is_drained_but_not_decoded()
    {
        queue.WantFrom(long.MaxValue, DropCause.NotAsked);
        Start();
        time.Advance(TimeSpan.FromMilliseconds(1));
        for (var i = 1; i <= 5; i++)
            source.Picture(10 * i);
        WaitFor(() => drops[DropCause.NotAsked] == 5, "5 drops");
        Assert.InRange(source.Retrieves, 0, 1);
        queue.WantFrom(0, DropCause.NotAsked);
        source.Picture(99);
        using var wanted = Take();
        Assert.Equal(99, wanted.Pixels.At<byte>(0, 0));
    }

    [Fact]
    public void A_frame_is_decoded_when_inference_will_be_ready_before_the_next_one()
    {
        const long period = 33_000_000;
        queue.WantFrom(1_000_000_000, DropCause.Rate);
        Assert.Equal(DropCause.Rate, queue.DropCauseAt(1_000_000_000 - period - 1, period));
        Assert.Null(queue.DropCauseAt(1_000_000_000 - period + 1, period));
        Assert.Null(queue.DropCauseAt(1_000_000_001, period));
    }

    [Fact]
    public void When_the_model_is_slower_than_the_camera_its_frames_stay_fresh()
    {
        const int periodMs = 33,
            frames = 900;
        // the estimate is the last run's time, so every second run takes longer than estimated
        int[] runsMs = [300, 900];
        Start();
        long freeAtNs = 0,
            oldestNs = 0;
        var taken = 0;
        for (var i = 1; i <= frames; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(periodMs));
            source.Picture(50 + i % 100);
            WaitFor(() => Status.Grabbed == i && source.IsWaiting, $"frame {i} has gone its way");
            if (runner!.NowNs < freeAtNs || !queue.TryTakeFresh(out var frame))
                continue;
            using (frame)
                oldestNs = Math.Max(oldestNs, runner.NowNs - frame.CapturedNs);
            var (said, takes) = (runsMs[(taken + 1) % 2], runsMs[taken % 2]);
            queue.WantFrom(runner.NowNs + said * 1_000_000L, DropCause.InferenceBusy);
            freeAtNs = runner.NowNs + takes * 1_000_000L;
            taken++;
        }

        Assert.InRange(taken, frames * periodMs / 950, frames * periodMs / 600);
        Assert.InRange(oldestNs / 1_000_000, 0, periodMs);
        Assert.True(drops[DropCause.InferenceBusy] > frames / 2, "frames had to be dropped");
    }

    [Fact]
    public void Without_a_free_slot_a_frame_is_dropped_by_that_cause()
    {
        List<Frame> held = [];
        for (var i = 0; i < pool.Slots; i++)
        {
            Assert.True(pool.TryTake(out var frame));
            held.Add(frame);
        }

        Start();
        source.Picture(50);
        WaitFor(() => drops[DropCause.NoSlot] == 1, "a drop");
        foreach (var frame in held)
            frame.Dispose();
        source.Picture(51);
        using var next = Take();
        Assert.Equal(51, next.Pixels.At<byte>(0, 0));
    }

    [Fact]
    public void A_damaged_picture_is_counted_and_its_slot_comes_back()
    {
        Start();
        source.Picture(-1);
        WaitFor(() => drops[DropCause.Damaged] == 1, "a drop");
        WaitFor(() => pool.Taken == 0, "the slot back");
    }

    [Fact]
    public void A_lost_camera_is_reported_and_opened_again()
    {
        Start();
        source.Picture(50);
        Take().Dispose();
        source.Unplugged = true;
        source.Fail("the cable");
        WaitFor(() => Status.State == CameraState.Lost, "lost");
        Assert.Contains(reported, s => s.State == CameraState.Lost && s.Reason == "the cable");
        Pass(() => reported.Any(s => s.Reason == "unplugged"), "an attempt in vain");
        source.Unplugged = false;
        source.Picture(51);
        Pass(() => Status.State == CameraState.Streaming, "streaming again");
        Take().Dispose();
        Assert.Equal(1, Status.Reconnects);
        Assert.Contains(reported, s => s.State == CameraState.Recovering);
    }

    [Fact]
    public void A_camera_that_throws_is_lost_and_opened_again()
    {
        Start();
        source.Throw();
        WaitFor(() => Status.State == CameraState.Lost, "lost");
        Assert.Contains("scripted", Status.Reason, StringComparison.Ordinal);
        source.Picture(51);
        Pass(() => Status.State == CameraState.Streaming, "streaming again");
        Take().Dispose();
    }

    [Fact]
    public void A_hundred_losses_leak_neither_slot_nor_camera_nor_thread()
    {
        Start(stallFrames: 10_000);
        for (var cycle = 1; cycle <= 100; cycle++)
        {
            source.Picture(cycle);
            Pass(() => Status.State == CameraState.Streaming, "streaming");
            // long enough for the wait to begin small again
            time.Advance(TimeSpan.FromMilliseconds(CaptureLimits.CameraBackOffResetMs + 1));
            source.Picture(cycle + 100);
            var before = 2L * cycle;
            WaitFor(() => Status.Grabbed == before, "both frames");
            if (cycle % 3 == 0)
                Take().Dispose();
            source.Fail("unplugged");
            WaitFor(() => Status.State == CameraState.Lost, "lost");
            Assert.InRange(source.Alive, 0, 1);
        }

        Assert.Equal((100, 99L), (source.Opens, Status.Reconnects));
        Assert.InRange(pool.Taken, 0, CaptureLimits.FrameQueue);
    }

    [Fact]
    public void A_stalled_camera_is_reported_and_cancelled_and_streams_again()
    {
        Start(stallFrames: 30);
        source.Picture(50);
        Take().Dispose();
        InCall();
        time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.Equal(CameraState.Streaming, Status.State);
        for (var i = 0; i < 10 && Status.State != CameraState.Stalled; i++)
            time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(CameraState.Stalled, Status.State);
        Assert.Contains("no frame for", Status.Reason, StringComparison.Ordinal);
        Assert.InRange(Status.FrameAgeMs, 1000, 2000);
        Assert.Equal(1, source.Cancels);
        source.Picture(51);
        WaitFor(() => Status.State == CameraState.Streaming, "streaming");
        Take().Dispose();
        Assert.Equal(1, source.Opens);
    }

    private void Start(int stallFrames = 30)
    {
        var options = new CameraOptions
        {
            Id = "cam-a",
            Uri = "test:",
            StallFrames = stallFrames,
        };
        runner = new CameraRunner(options, source.Create, pool, queue, drops, time, new Random(1));
        runner.Changed += reported.Enqueue;
        runner.Fatal += fatal.Enqueue;
        runner.Start();
    }

    private Frame Take()
    {
        Frame? frame = null;
        WaitFor(() => queue.TryTake(out frame), "a frame");
        return frame!;
    }

    private void InCall() => WaitFor(() => source.IsWaiting, "in a call");

    private static void WaitFor(Func<bool> condition, string what) =>
        Assert.True(SpinWait.SpinUntil(condition, 120_000), $"waited in vain: {what}");

    /// <summary>Lets time pass, in steps that a waiting thread can follow, until the condition holds.</summary>
    private void Pass(Func<bool> condition, string what)
    {
        for (var i = 0; i < 20_000 && !condition(); i++)
        {
            if (Status.State == CameraState.Lost)
                time.Advance(TimeSpan.FromMilliseconds(20));
            SpinWait.SpinUntil(condition, 1);
        }

        Assert.True(condition(), $"waited in vain: {what}");
    }
}
