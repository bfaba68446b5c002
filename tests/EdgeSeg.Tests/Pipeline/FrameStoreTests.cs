using EdgeSeg.Capture;
using EdgeSeg.Messages;
using Microsoft.Extensions.Time.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Pipeline;

public sealed class FrameStoreTests : IDisposable
{
    private const int FrameBytes = 256 * 256 * 3;
    private readonly FakeTimeProvider time = new();
    private readonly FramePool pool = new(1);
    private readonly Frame frame;
    private readonly byte[] pixels = new byte[FrameBytes],
        read = new byte[FrameBytes];
    private readonly FrameInfo facts = new();

    public FrameStoreTests()
    {
        pool.TryTake(out var taken);
        frame = taken!;
        frame.Camera = "front";
        frame.CapturedUtc = Samples.Utc;
        frame.Pixels.Create(48, 64, MatType.CV_8UC3);
    }

    public void Dispose()
    {
        frame.Dispose();
        pool.Dispose();
    }

    private FrameStore Ring(int maxBytes = PipelineLimits.FrameRingBytes) => new(Samples.Session, FrameBytes, time, maxBytes);

    private void Hold(FrameStore ring, long sequence, string camera = "front")
    {
        (frame.Sequence, frame.Camera) = (sequence, camera);
        pixels.AsSpan().Fill((byte)sequence);
        ring.Hold(frame, pixels);
    }

    private CommandErrorCode? Look(FrameStore ring, string id) => ring.TryCopy(id, read, facts, out var refusal) ? null : refusal.Code;

    private static string Id(long sequence, string camera = "front", string session = Samples.Session) => $"{session}-{camera}-{sequence}";

    [Fact]
    public void A_held_frame_is_found_with_its_own_pixels_and_facts()
    {
        var ring = Ring();
        for (var i = 1; i <= 9; i++)
            Hold(ring, i);
        Hold(ring, 3, "rear-2");
        Assert.Null(Look(ring, Id(4)));
        Assert.True(read.AsSpan().IndexOfAnyExcept((byte)4) < 0);
        Assert.Equal(("front", 4L, 64, 48, Samples.Utc), (facts.Camera, facts.Sequence, facts.Width, facts.Height, facts.CapturedUtc));
        Assert.Null(Look(ring, Id(3, "rear-2")));
        Assert.Equal("rear-2", facts.Camera);
    }

    [Theory]
    [InlineData("0a1b2c3d4e5f-front-10")]
    [InlineData("0a1b2c3d4e5f-rear-2-1")]
    [InlineData("ffffffffffff-front-1")]
    [InlineData("nonsense")]
    public void Any_other_frame_is_gone(string id)
    {
        var ring = Ring();
        for (var i = 1; i <= 9; i++)
            Hold(ring, i);
        Assert.Equal(CommandErrorCode.FrameGone, Look(ring, id));
    }

    [Fact]
    public void A_frame_held_twice_takes_one_place()
    {
        var ring = Ring();
        Hold(ring, 1);
        Hold(ring, 1);
        Assert.Equal(1, ring.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(30)]
    public void At_the_pace_of_a_camera_frames_are_held_for_at_least_five_seconds(int fps)
    {
        var ring = Ring();
        for (var i = 1; i <= 120 * fps; i++)
        {
            Hold(ring, i);
            time.Advance(TimeSpan.FromSeconds(1.0 / fps));
            var oldestKept = i - (PipelineLimits.FrameHeldMinMs / 1000 * fps) + 1;
            if (oldestKept > 0)
                Assert.Null(Look(ring, Id(oldestKept)));
        }

        Assert.Equal(0, ring.LostEarly);
        Assert.InRange(ring.Bytes, 1, PipelineLimits.FrameRingBytes);
    }

    [Fact]
    public void Memory_is_bounded_however_fast_frames_come_and_what_is_lost_early_is_counted()
    {
        var ring = Ring(10 * FrameBytes);
        for (var i = 1; i <= 1000; i++)
        {
            Hold(ring, i);
            time.Advance(TimeSpan.FromMilliseconds(10));
            Assert.InRange(ring.Bytes, 1, 10 * FrameBytes);
        }

        Assert.Equal((10, 990L), (ring.Count, ring.LostEarly));
        Assert.Equal(CommandErrorCode.FrameGone, Look(ring, Id(990)));
        Assert.Null(Look(ring, Id(991)));
    }

    [Fact]
    public void A_slow_camera_does_not_grow_the_ring_and_a_pause_gives_memory_back_to_use()
    {
        var ring = Ring();
        for (var i = 1; i <= 500; i++)
        {
            Hold(ring, i);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(ring.Bytes, 1, 32L * FrameBytes);
        for (var i = 501; i <= 510; i++)
            Hold(ring, i);
        time.Advance(TimeSpan.FromMinutes(1));
        Hold(ring, 511);
        Assert.Equal(1, ring.Count);
        Assert.InRange(ring.Bytes, 1, 42L * FrameBytes);
    }

    [Fact]
    public void Holding_a_frame_allocates_nothing_once_the_ring_is_grown()
    {
        var ring = Ring(20 * FrameBytes);
        for (var i = 1; i <= 40; i++)
            Hold(ring, i);
        var bytes = Allocated(41);
        // the runtime's own work (tiered compilation) may allocate on this thread once, but not in every round
        for (var round = 1; bytes > 0 && round < 20; round++)
            bytes = Math.Min(bytes, Allocated(41 + round * 100));
        Assert.Equal(0, bytes);

        long Allocated(int first)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = first; i < first + 100; i++)
                Hold(ring, i);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
