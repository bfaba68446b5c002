using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;
using Scene = EdgeSeg.Vision.Tracking.MadeVideo.Scene;

namespace EdgeSeg.Vision.Tracking;

/// <summary>A made model that segments what is red, on made videos.</summary>
public sealed class ObjectTrackerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-test-").FullName;
    private readonly MadeVideo video = new();
    private readonly SegmentationModel model;
    private readonly ObjectTracker tracker;

    public ObjectTrackerTests()
    {
        OnnxGraph.Bundle(OnnxGraph.RedSqueezeSam(64).ToBytes(), folder);
        model = SegmentationModel.Load(folder, new SegmentationModelOptions { Precision = ModelPrecision.Fp32, Threads = 1 });
        tracker = new ObjectTracker(model);
    }

    public void Dispose()
    {
        tracker.Dispose();
        model.Dispose();
        Directory.Delete(folder, true);
    }

    [Fact]
    public void A_moving_object_is_followed()
    {
        Start(new Scene(60, 90));
        for (var i = 1; i <= 30; i++)
        {
            var (state, j) = Next(new Scene(60 + 5 * i, 90 + 2 * i));
            Assert.Equal((TrackState.Tracking, i), (state, tracker.Age));
            Assert.True(j > 0.85, $"frame {i}: J is {j:0.000}");
        }
    }

    [Fact]
    public void An_object_that_grows_and_shrinks_is_followed()
    {
        Start(new Scene(160, 120, 0.6));
        for (var i = 1; i <= 40; i++)
        {
            var scale = 0.6 + 0.06 * (i <= 20 ? i : 40 - i);
            var (state, j) = Next(new Scene(160, 120, scale));
            Assert.Equal(TrackState.Tracking, state);
            Assert.True(j > 0.8, $"frame {i}, scale {scale:0.00}: J is {j:0.000}");
        }
    }

    [Fact]
    public void A_covered_object_is_uncertain_and_then_followed_again()
    {
        Start(new Scene(50, 120));
        var states = new List<TrackState>();
        for (var i = 1; i <= 22; i++)
        {
            // 10 pixels a frame behind a bar of 90: whole behind it for some frames
            var (state, j) = Next(new Scene(50 + 10 * i, 120, Bar: 120));
            states.Add(state);
            if (i == 22)
                Assert.True(j > 0.8, $"after the bar: J is {j:0.000}; {string.Join(' ', states)}");
        }

        Assert.Contains(TrackState.Uncertain, states);
        Assert.DoesNotContain(TrackState.Lost, states);
        Assert.Equal(TrackState.Tracking, states[^1]);
    }

    [Fact]
    public void An_object_that_is_gone_is_lost_and_found_again_when_it_returns()
    {
        Start(new Scene(160, 120));
        Next(new Scene(160, 120));
        for (var i = 1; i <= 20; i++)
        {
            var (state, _) = Next(new Scene(0, 0, IsGone: true));
            Assert.Equal(i <= ObjectTracker.UncertainFrames ? TrackState.Uncertain : TrackState.Lost, state);
            Assert.Equal(i > ObjectTracker.UncertainFrames, Area() == 0);
        }

        var (found, overlap) = Next(new Scene(190, 110));
        Assert.Equal(TrackState.Tracking, found);
        Assert.True(overlap > 0.7, $"J is {overlap:0.000}");
    }

    [Fact]
    public void Another_object_in_its_place_is_not_taken_for_it()
    {
        Start(new Scene(160, 120));
        Assert.Equal(TrackState.Tracking, Next(new Scene(162, 120)).State);
        // the model takes it for an object too, the colours are others
        Assert.Equal(TrackState.Uncertain, Next(new Scene(164, 120, Colour: (0, 95, 170))).State);
    }

    [Fact]
    public void An_object_at_the_edge_of_the_frame_stays_within_bounds()
    {
        Start(new Scene(60, 60));
        for (var i = 1; i <= 25; i++)
            Next(new Scene(60 - 6 * i, 60 - 3 * i));
        Assert.NotEqual(TrackState.Tracking, tracker.State);
    }

    [Fact]
    public void A_prompt_starts_it_and_the_same_frames_give_the_same_masks()
    {
        var first = Run();
        Assert.Equal(first, Run());

        List<int> Run()
        {
            var (frame, mask) = video.Draw(new Scene(100, 100));
            using (frame)
            using (mask)
                Assert.True(tracker.Start(frame, Prompt.Click(100, 100)).Found);
            return [.. Enumerable.Range(1, 6).Select(i => (Next(new Scene(100 + 4 * i, 100)), Area()).Item2)];
        }
    }

    [Fact]
    public void Wrong_use_is_refused_with_the_reason()
    {
        var (frame, mask) = video.Draw(new Scene(100, 100));
        using var _ = frame;
        using var __ = mask;
        Assert.Throws<InvalidOperationException>(() => tracker.Next(frame));
        Assert.Throws<InvalidOperationException>(() => tracker.ToMat());
        using var empty = new Mat(frame.Rows, frame.Cols, MatType.CV_8UC1, new Scalar(0));
        Assert.Contains("empty", Assert.Throws<ArgumentException>(() => tracker.Start(frame, empty)).Message, StringComparison.Ordinal);
        using var small = new Mat(10, 10, MatType.CV_8UC1, new Scalar(255));
        Assert.Contains("10x10", Assert.Throws<ArgumentException>(() => tracker.Start(frame, small)).Message, StringComparison.Ordinal);
        tracker.Start(frame, mask);
        using var other = new Mat(100, 100, MatType.CV_8UC3, new Scalar(0));
        Assert.Contains("100x100", Assert.Throws<ArgumentException>(() => tracker.Next(other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_followed_frame_allocates_little()
    {
        Start(new Scene(100, 100));
        for (var i = 1; i <= 10; i++)
            Next(new Scene(100 + i, 100));
        long most = 0;
        for (var i = 11; i <= 20; i++)
        {
            var (frame, mask) = video.Draw(new Scene(100 + i, 100));
            using (frame)
            using (mask)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                tracker.Next(frame);
                most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }

        Assert.True(most <= 65_536, $"a followed frame allocated {most} bytes");
    }

    private void Start(Scene scene)
    {
        var (frame, mask) = video.Draw(scene);
        using (frame)
        using (mask)
            tracker.Start(frame, mask);
    }

    /// <summary>State, and the region similarity with the visible part of the object.</summary>
    private (TrackState State, double J) Next(Scene scene)
    {
        var (frame, mask) = video.Draw(scene);
        using (frame)
        using (mask)
        {
            var state = tracker.Next(frame);
            using var found = tracker.ToMat();
            int both = 0,
                either = 0;
            for (var y = 0; y < MadeVideo.Height; y++)
            {
                for (var x = 0; x < MadeVideo.Width; x++)
                {
                    bool a = mask.At<byte>(y, x) > 0,
                        b = found.At<byte>(y, x) > 0;
                    both += a && b ? 1 : 0;
                    either += a || b ? 1 : 0;
                }
            }

            return (state, either == 0 ? 1 : (double)both / either);
        }
    }

    private int Area()
    {
        using var mask = tracker.ToMat();
        return Cv2.CountNonZero(mask);
    }
}
