using Xunit;

namespace EdgeSeg.Capture;

public sealed partial class CameraRunnerTests
{
    [Fact]
    public void A_frozen_camera_is_opened_again_until_its_picture_changes()
    {
        Start(stallFrames: 10_000);
        for (var i = 0; i < 12; i++)
        {
            source.Picture(77);
            Take().Dispose();
            if (Status.State != CameraState.Frozen)
                time.Advance(TimeSpan.FromSeconds(1));
        }

        WaitFor(() => Status.State == CameraState.Frozen, "frozen");
        Assert.Contains("same picture for 10 s", Status.Reason, StringComparison.Ordinal);
        for (var i = 0; i < 20 && source.Opens < 3; i++)
        {
            source.Picture(77);
            Take().Dispose();
            InCall();
            time.Advance(TimeSpan.FromMilliseconds(400));
        }

        Assert.Equal(CameraState.Frozen, Status.State);
        WaitFor(() => source.Opens == 3, "opened again twice");
        source.Picture(78);
        WaitFor(() => Status.State == CameraState.Streaming, "streaming");
        Take().Dispose();
        Assert.DoesNotContain(reported, s => s.State == CameraState.Lost);
    }

    [Fact]
    public void A_black_camera_is_reported_also_while_no_frame_is_needed()
    {
        queue.WantFrom(long.MaxValue, DropCause.NotAsked);
        Start(stallFrames: 10_000);
        for (var i = 0; i < 8; i++)
        {
            source.Picture(i % 3);
            var expected = i + 1L;
            WaitFor(() => drops.Total == expected, "a drop");
            InCall();
            time.Advance(TimeSpan.FromSeconds(1));
        }

        WaitFor(() => Status.State == CameraState.Black, "black");
        source.Picture(100);
        WaitFor(() => Status.State == CameraState.Streaming, "streaming");
    }

    [Fact]
    public void A_hung_call_is_abandoned_and_its_camera_freed_when_it_comes_back()
    {
        using var release = new ManualResetEventSlim();
        Start(stallFrames: 10_000);
        source.Picture(50);
        Take().Dispose();
        source.Hang(release);
        WaitFor(() => source.Hanging == 1, "hanging");
        time.Advance(TimeSpan.FromMilliseconds(CaptureLimits.CameraHangMs + CaptureLimits.CameraWatchMs));
        WaitFor(() => Status.State == CameraState.Lost, "lost");
        Assert.Equal(1, Status.AbandonedReads);
        source.Picture(51);
        Pass(() => Status.State == CameraState.Streaming, "streaming with another camera");
        Take().Dispose();
        Assert.Equal(2, source.Alive);
        release.Set();
        WaitFor(() => source.Alive == 1 && Status.AbandonedReads == 0, "the hung one gone");
        Assert.Equal((CameraState.Streaming, 0), (Status.State, fatal.Count));
    }

    [Fact]
    public void Too_many_hung_calls_are_fatal_by_name()
    {
        using var release = new ManualResetEventSlim();
        Start(stallFrames: 10_000);
        for (var i = 1; i <= CaptureLimits.MaxAbandonedReads; i++)
        {
            source.Hang(release);
            var opens = i;
            Pass(() => source.Opens == opens, "opened");
            WaitFor(() => source.Hanging == opens, "hanging");
            time.Advance(TimeSpan.FromMilliseconds(CaptureLimits.CameraHangMs + CaptureLimits.CameraWatchMs));
            WaitFor(() => Status.AbandonedReads == opens, "abandoned");
        }

        Assert.Equal([CameraRunner.HungReason], fatal);
        Assert.Equal(CameraState.Hung, Status.State);
        release.Set();
    }

    [Fact]
    public void A_source_that_ends_is_not_opened_again()
    {
        Start();
        source.End();
        WaitFor(() => Status.State == CameraState.Ended, "ended");
        Assert.Equal(1, source.Opens);
    }

    [Fact]
    public void A_source_that_is_not_live_waits_for_inference_and_loses_nothing()
    {
        source.Format = source.Format with { IsLive = false };
        Start();
        for (var i = 1; i <= 20; i++)
            source.Picture(i);
        source.End();
        for (var i = 1; i <= 20; i++)
        {
            using var frame = Take();
            Assert.Equal(((long)i, (byte)i), (frame.Sequence, frame.Pixels.At<byte>(0, 0)));
        }

        Assert.Equal(0, drops.Total);
    }

    [Fact]
    public void Stopping_gives_waiting_frames_back()
    {
        Start();
        source.Picture(50);
        source.Picture(51);
        WaitFor(() => queue.Count == 2, "two waiting");
        source.Dispose();
        runner!.Dispose();
        Assert.Equal(0, pool.Taken);
    }

    private CameraStatus Status => runner!.Status;
}
