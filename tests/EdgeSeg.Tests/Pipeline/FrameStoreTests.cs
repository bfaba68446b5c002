using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Pipeline;

public sealed class FrameStoreTests : IDisposable
{
    private const int BlockBytes = 256 * 256 * 3;
    private const long MaxBytes = 64L << 20;
    private readonly FakeTimeProvider time = new();
    private readonly FramePool pool = new(1);
    private readonly Frame frame;
    private readonly Mat small = new(256, 256, MatType.CV_8UC3);
    private readonly Picture picture = new(256, 256);

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
        small.Dispose();
        picture.Dispose();
    }

    private FrameStore Store(long maxBytes = MaxBytes, bool isFullResolution = true) =>
        new(Samples.Session, BlockBytes, time, maxBytes) { IsFullResolution = isFullResolution };

    private void Hold(FrameStore store, long sequence, string camera = "front")
    {
        (frame.Sequence, frame.Camera) = (sequence, camera);
        frame.Pixels.SetTo(Scalar.All((byte)sequence));
        small.SetTo(Scalar.All((byte)sequence));
        store.Hold(frame, small);
    }

    private CommandErrorCode? Look(FrameStore store, string id)
    {
        if (!store.TryCopy(id, picture, out var refusal))
            return refusal.Code;
        picture.FillCopied();
        return null;
    }

    private FrameInfo Info => picture.Frame;

    private static string Id(long sequence, string camera = "front", string session = Samples.Session) => $"{session}-{camera}-{sequence}";

    [Fact]
    public void A_kept_frame_is_found_with_its_pixels_and_its_data()
    {
        var store = Store();
        for (var i = 1; i <= 9; i++)
            Hold(store, i);
        Hold(store, 3, "rear-2");
        Assert.Null(Look(store, Id(4)));
        Assert.Equal((64, 48), (picture.Source.Cols, picture.Source.Rows));
        Assert.Equal(new Scalar(4, 4, 4), Cv2.Mean(picture.Source));
        Assert.Equal(("front", 4L, 64, 48, Samples.Utc), (Info.Camera, Info.Sequence, Info.Width, Info.Height, Info.CapturedUtc));
        Assert.Null(Look(store, Id(3, "rear-2")));
        Assert.Equal("rear-2", Info.Camera);
    }

    [Theory]
    [InlineData("0a1b2c3d4e5f-front-10")]
    [InlineData("0a1b2c3d4e5f-rear-2-1")]
    [InlineData("ffffffffffff-front-1")]
    [InlineData("nonsense")]
    public void Any_other_frame_is_gone(string id)
    {
        var store = Store();
        for (var i = 1; i <= 9; i++)
            Hold(store, i);
        Assert.Equal(CommandErrorCode.FrameGone, Look(store, id));
    }

    [Fact]
    public void A_frame_held_twice_takes_one_place()
    {
        var store = Store();
        Hold(store, 1);
        Hold(store, 1);
        Assert.Equal(1, store.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(30)]
    public void At_the_pace_of_a_camera_frames_are_held_for_at_least_five_seconds(int fps)
    {
        var store = Store();
        for (var i = 1; i <= 120 * fps; i++)
        {
            Hold(store, i);
            time.Advance(TimeSpan.FromSeconds(1.0 / fps));
            var oldestKept = i - (PipelineLimits.FrameHeldMinMs / 1000 * fps) + 1;
            if (oldestKept > 0)
                Assert.Null(Look(store, Id(oldestKept)));
        }

        Assert.Equal(0, store.LostEarly);
        Assert.InRange(store.Bytes, 1, MaxBytes);
    }

    [Fact]
    public void Memory_is_bounded_however_fast_frames_come_and_what_is_lost_early_is_counted()
    {
        var store = Store(10 * BlockBytes);
        frame.Pixels.Create(720, 1280, MatType.CV_8UC3);
        for (var i = 1; i <= 200; i++)
        {
            Hold(store, i);
            time.Advance(TimeSpan.FromMilliseconds(10));
            Assert.InRange(store.Bytes, 1, 10 * BlockBytes);
        }

        Assert.Equal((10, 190L), (store.Count, store.LostEarly));
        Assert.Equal(CommandErrorCode.FrameGone, Look(store, Id(190)));
        Assert.Null(Look(store, Id(191)));
        // no memory for more than the model's input size
        Assert.Equal((256, 256), (picture.Source.Cols, picture.Source.Rows));
        Assert.Equal((1280, 720), (Info.Width, Info.Height));
    }

    [Theory]
    [InlineData(1, 1280, 720)]
    [InlineData(4, 1280, 720)]
    [InlineData(12, 763, 429)]
    [InlineData(30, 482, 271)]
    [InlineData(60, 256, 256)]
    public void Resolution_is_lost_before_frames_are(int fps, int width, int height)
    {
        var store = Store();
        frame.Pixels.Create(720, 1280, MatType.CV_8UC3);
        for (var i = 1; i <= 8 * fps; i++)
        {
            Hold(store, i);
            time.Advance(TimeSpan.FromSeconds(1.0 / fps));
            Assert.InRange(store.Bytes, 1, MaxBytes);
        }

        Assert.Equal(0, store.LostEarly);
        Assert.Null(Look(store, Id(3 * fps + 1)));
        Assert.Equal((width, height), (picture.Source.Cols, picture.Source.Rows));
        Assert.Equal((byte)(3 * fps + 1), Cv2.Mean(picture.Source).Val0, 1.0);
    }

    [Fact]
    public void Without_zoom_every_frame_is_kept_at_the_models_size()
    {
        var store = Store(isFullResolution: false);
        frame.Pixels.Create(720, 1280, MatType.CV_8UC3);
        Hold(store, 1);
        Assert.Null(Look(store, Id(1)));
        Assert.Equal((256, 256), (picture.Source.Cols, picture.Source.Rows));
        Assert.Equal(BlockBytes, store.Bytes);
    }

    [Fact]
    public void A_pause_gives_memory_back_to_use()
    {
        var store = Store();
        for (var i = 1; i <= 500; i++)
        {
            Hold(store, i);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(store.Bytes, 1, 32L * BlockBytes);
        for (var i = 501; i <= 510; i++)
            Hold(store, i);
        time.Advance(TimeSpan.FromMinutes(1));
        Hold(store, 511);
        Assert.Equal(1, store.Count);
        Assert.InRange(store.Bytes, 1, 42L * BlockBytes);
    }

    [Fact]
    public void Pixels_of_a_frame_over_several_blocks_come_back_in_their_place()
    {
        var store = Store();
        frame.Pixels.Create(401, 333, MatType.CV_8UC3);
        (frame.Sequence, frame.Camera) = (1, "front");
        Cv2.Randu(frame.Pixels, Scalar.All(0), Scalar.All(255));
        store.Hold(frame, small);
        Assert.Null(Look(store, Id(1)));
        Assert.Equal(0, Cv2.Norm(frame.Pixels, picture.Source, NormTypes.INF));
    }

    [Fact]
    public void Holding_a_frame_allocates_nothing_once_the_store_is_grown()
    {
        var store = Store(20 * BlockBytes);
        var sequence = 0;
        HoldMany();
        Assert.Equal(0, Allocations.Least(HoldMany));

        void HoldMany()
        {
            for (var i = 0; i < 100; i++)
                Hold(store, ++sequence);
        }
    }
}
