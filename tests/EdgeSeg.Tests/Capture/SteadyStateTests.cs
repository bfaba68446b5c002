using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Capture;

/// <summary>Real cameras under the real clock, taken from as fast as they give.</summary>
public class SteadyStateTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(90)]
    public void A_frame_costs_less_than_a_KiB_of_managed_memory(int rotate)
    {
        const int from = 50,
            frames = 550;
        MeasuredCamera? measured = null;
        var options = new CameraOptions
        {
            Id = "a",
            Uri = $"test:?w=320&h=240&fps=0&frames={frames}",
            Rotate = rotate,
        };
        var seen = Run(options, () => measured = new MeasuredCamera(CameraSource.Create(options)), out var drops, out var pool);
        Assert.Equal((frames, 0L, 0), (seen, drops.Total, pool.Taken));
        var bytes = (measured!.Allocated[^1] - measured.Allocated[from]) / (measured.Allocated.Count - 1 - from);
        Assert.InRange(bytes, 0, 1024);
        TestContext.Current.TestOutputHelper?.WriteLine($"rotate {rotate}: {bytes} bytes a frame on the capture thread");
    }

    [Fact]
    public void A_pipe_that_falls_silent_is_killed_and_started_again()
    {
        var options = new CameraOptions
        {
            Id = "a",
            Uri = "pipe:head -c 9216 /dev/urandom; exec sleep 1000",
            Width = 32,
            Height = 32,
            Fps = 100,
            StallFrames = 1,
        };
        var drops = new Drops();
        using var pool = new FramePool(4);
        using var queue = new FrameQueue(drops);
        using var runner = new CameraRunner(
            options,
            () => CameraSource.Create(options),
            pool,
            queue,
            drops,
            TimeProvider.System,
            new Random(1)
        );
        List<CameraState> states = [];
        runner.Changed += s =>
        {
            lock (states)
                states.Add(s.State);
        };
        runner.Start();
        Assert.True(SpinWait.SpinUntil(() => runner.Status.Reconnects == 1, 30_000), runner.Status.ToString());
        lock (states)
            Assert.Equal(
                [CameraState.Streaming, CameraState.Stalled, CameraState.Lost, CameraState.Recovering, CameraState.Streaming],
                states.Take(5)
            );
        runner.Dispose();
        Assert.Equal(0, pool.Taken);
    }

    private static int Run(CameraOptions options, Func<ICamera> create, out Drops drops, out FramePool pool)
    {
        drops = new Drops();
        pool = new FramePool(4);
        using var arrived = new AutoResetEvent(false);
        using var queue = new FrameQueue(drops, () => arrived.Set());
        using var runner = new CameraRunner(options, create, pool, queue, drops, TimeProvider.System, new Random(1));
        runner.Changed += _ => arrived.Set();
        runner.Start();
        var seen = 0;
        while (runner.Status.State != CameraState.Ended || queue.Count > 0)
        {
            if (queue.TryTake(out var frame))
            {
                seen++;
                frame.Dispose();
            }
            else
                Assert.True(arrived.WaitOne(120_000), runner.Status.ToString());
        }

        return seen;
    }

    /// <summary>Notes what the capture thread has allocated at each grab.</summary>
    private sealed class MeasuredCamera(ICamera camera) : ICamera
    {
        public List<long> Allocated { get; } = new(10_000);

        public double PositionMs => camera.PositionMs;

        public string Reason => camera.Reason;

        public CameraFormat Open() => camera.Open();

        public GrabOutcome Grab()
        {
            Allocated.Add(GC.GetAllocatedBytesForCurrentThread());
            return camera.Grab();
        }

        public bool Retrieve(Mat picture) => camera.Retrieve(picture);

        public void Cancel() => camera.Cancel();

        public void Dispose() => camera.Dispose();
    }
}
