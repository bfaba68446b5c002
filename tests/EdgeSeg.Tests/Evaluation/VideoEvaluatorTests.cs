using EdgeSeg.Cli;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Evaluation;

/// <summary>Made sequences of a red square, followed by a made model that segments what is red.</summary>
public sealed class VideoEvaluatorTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-test-").FullName;

    public void Dispose() => Directory.Delete(folder, true);

    [Fact]
    public void A_followed_object_has_its_metrics()
    {
        Sequence("square", 12, i => 60 + 3 * i);
        using var model = Model();
        using var evaluator = new VideoEvaluator(model);
        var frames = 0;
        evaluator.Run(VideoSet.Read(Videos, out _), (done, _) => frames = done, TestContext.Current.CancellationToken);
        Assert.Empty(evaluator.Failures);
        var figures = Assert.Single(evaluator.Sequences);
        // the first and the last frame do not count
        Assert.Equal(("square", 10, 0, 12), (figures.Name, figures.Frames, figures.Lost, frames));
        Assert.InRange(figures.J, 0.85, 1);
        Assert.Equal(1, figures.Recall);
        Assert.InRange(figures.Decay, -0.1, 0.1);
        Assert.Equal(11, evaluator.FrameMs.Count);
        Assert.InRange(evaluator.PassesPerFrame, 1, 2);
    }

    [Fact]
    public void A_sequence_that_cannot_be_used_is_named_and_the_others_count()
    {
        Sequence("good", 5, i => 60 + 3 * i);
        Sequence("none", 5, i => 60 + 3 * i);
        using (var empty = new Mat(120, 200, MatType.CV_8UC1, new Scalar(0)))
            Cv2.ImWrite(Path.Combine(Videos, "none", "masks", "000.png"), empty);
        using var model = Model();
        using var evaluator = new VideoEvaluator(model);
        evaluator.Run(VideoSet.Read(Videos, out _), (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.Equal(["good"], evaluator.Sequences.Select(s => s.Name));
        Assert.Contains("000.png: is empty", Assert.Single(evaluator.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_sequences_or_without_the_first_mask_is_refused()
    {
        Directory.CreateDirectory(Videos);
        Assert.Contains(
            "has no sequence",
            Assert.Throws<OperatingException>(() => VideoSet.Read(Videos, out _)).Message,
            StringComparison.Ordinal
        );
        Sequence("square", 4, i => 60);
        File.Delete(Path.Combine(Videos, "square", "masks", "000.png"));
        Assert.Contains(
            "has no mask",
            Assert.Throws<OperatingException>(() => VideoSet.Read(Videos, out _)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_sequence_that_is_not_complete_does_not_end_the_others()
    {
        Sequence("bad", 4, i => 60);
        Sequence("short", 2, i => 60);
        Sequence("good", 12, i => 60);
        File.Delete(Path.Combine(Videos, "bad", "masks", "000.png"));
        for (var i = 0; i < 12; i++)
            foreach (var part in new[] { "images", "masks" })
                File.Move(Path.Combine(Videos, "good", part, $"{i:000}.png"), Path.Combine(Videos, "good", part, $"frame{i + 1}.png"));
        File.WriteAllText(Path.Combine(Videos, "good", "images", ".DS_Store"), "x");
        var good = Assert.Single(VideoSet.Read(Videos, out var faults));
        Assert.Equal(Enumerable.Range(1, 12).Select(i => $"frame{i}.png"), good.Frames.Select(f => Path.GetFileName(f.Image)));
        Assert.All(good.Frames, f => Assert.Equal(Path.GetFileName(f.Image), Path.GetFileName(f.Mask)));
        Assert.Equal(2, faults.Count);
        Assert.Contains("has no mask", faults[0], StringComparison.Ordinal);
        Assert.Contains("has 2 frames", faults[1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_overlay_video_is_read_by_opencv_and_never_overwrites()
    {
        var path = Path.Combine(folder, "overlay.avi");
        using (var avi = new MjpegAvi(path, 12.5))
        {
            for (var i = 0; i < 7; i++)
            {
                using var picture = new Mat(90, 121, MatType.CV_8UC3, new Scalar(20, 30 * i, 90));
                avi.Add(picture);
            }
        }

        using var video = new VideoFrames(path);
        Assert.Equal(12.5, video.Fps, 0.01);
        var count = 0;
        while (video.Read() is { } frame)
        {
            using (frame)
                Assert.Equal((121, 90), (frame.Cols, frame.Rows));
            count++;
        }

        Assert.Equal(7, count);
        using var second = new MjpegAvi(path, 10);
        using var other = new Mat(90, 121, MatType.CV_8UC3, new Scalar(20, 30, 90));
        Assert.Contains("exists already", Assert.Throws<OperatingException>(() => second.Add(other)).Message, StringComparison.Ordinal);
    }

    private string Videos => Path.Combine(folder, "videos");

    private LoadedModel Model() => LoadedModel.Load(OnnxGraph.Bundle(OnnxGraph.RedSqueezeSam(64).ToBytes(), Path.Combine(folder, "model")));

    private void Sequence(string name, int frames, Func<int, int> centre)
    {
        var path = Path.Combine(Videos, name);
        Directory.CreateDirectory(Path.Combine(path, "images"));
        Directory.CreateDirectory(Path.Combine(path, "masks"));
        for (var i = 0; i < frames; i++)
        {
            using var picture = new Mat(120, 200, MatType.CV_8UC3, new Scalar(90, 90, 90));
            using var mask = new Mat(120, 200, MatType.CV_8UC1, new Scalar(0));
            var square = new Rect(centre(i) - 20, 40, 40, 40);
            Cv2.Rectangle(picture, square, new Scalar(40, 40, 220), -1);
            Cv2.Rectangle(picture, new Rect(square.X + 8, 50, 12, 14), new Scalar(60, 60, 180), -1);
            Cv2.Rectangle(mask, square, new Scalar(255), -1);
            Cv2.ImWrite(Path.Combine(path, "images", $"{i:000}.png"), picture);
            Cv2.ImWrite(Path.Combine(path, "masks", $"{i:000}.png"), mask);
        }
    }
}
