using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Tracking;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>
/// <c>edgeseg segment VIDEO --follow</c>: an object of the first frame in each frame, as JSON lines and as an overlay video.
/// </summary>
internal sealed class VideoFollowing : IDisposable
{
    private readonly SegmentSettings settings;
    private readonly PictureSegmenter segmenter;
    private readonly MaskRefiner refiner;
    private readonly MaskLines lines;

    /// <param name="model">The model in use.</param>
    /// <param name="settings">Prompt, zoom and minimums are for the first frame.</param>
    public VideoFollowing(LoadedModel model, SegmentSettings settings)
    {
        this.settings = settings;
        segmenter = new PictureSegmenter(model, settings);
        refiner = new MaskRefiner(model.Segmenter);
        lines = new MaskLines(model.Info, settings);
    }

    /// <summary>The exit code: failure when the first frame does not show the object.</summary>
    /// <param name="path">A video file or a folder of frames.</param>
    /// <param name="outputs">The overlay video, where it is asked for.</param>
    /// <param name="empty">Notes the frames in which the object is not seen.</param>
    /// <param name="cancel">Ends the run after the frame in progress.</param>
    public int Run(string path, string[] outputs, EmptyList empty, CancellationToken cancel)
    {
        using var video = new VideoFrames(path);
        using var overlay = settings.HasOverlay ? new MjpegAvi(outputs[0], video.Fps, mayReplace: true) : null;
        using var frames = new FramePair();
        using var tracked = new TrackedObject(refiner);
        var result = segmenter.Result;
        using (var bar = new ProgressBar("follow"))
        {
            while (video.Read() is { } frame)
            {
                cancel.ThrowIfCancellationRequested();
                using (frame)
                {
                    var started = Stopwatch.GetTimestamp();
                    result.Times = StageTimes.None;
                    frames.Advance(frame);
                    if (empty.Count > 0)
                        Follow(path, frame, frames, tracked);
                    else if (!TryStart(path, frame, tracked))
                        return ExitCode.Failed;
                    empty.Add(path, video.Number, tracked.State == TrackState.Tracking);
                    var picture = new LinePicture(path, video.Number, frame.Cols, frame.Rows)
                    {
                        Outputs = outputs,
                        Video = new VideoFrame(video.Number, video.TimeS),
                        Track = new TrackInfo("1", tracked.Age, tracked.State),
                    };
                    lines.Write(picture, result, started);
                    if (overlay is not null)
                    {
                        var label = $"{tracked.State.ToWire()}  {result.Label}";
                        using var drawn = Overlay.Draw(frame, result.Found ? result.Mask : null, result.Prompt, label);
                        overlay.Add(drawn);
                    }

                    result.Prompt.Clear();
                    bar.Show((int)video.Number, Math.Max((int)video.Number, video.Count));
                }
            }
        }

        Console.Error.WriteLine(empty.Summary("frames", failed: 0));
        video.CheckWhole();
        return ExitCode.Ok;
    }

    private bool TryStart(string path, Mat frame, TrackedObject tracked)
    {
        var result = segmenter.Result;
        segmenter.One(path, frame);
        if (result.Found)
            tracked.Start(frame, result.Mask);
        else
            Verbs.Fail($"{path}: no object in the first frame ({result.Reason}); give a --click or a --box on it");
        return result.Found;
    }

    private void Follow(string path, Mat frame, FramePair frames, TrackedObject tracked)
    {
        if (!frames.IsMatched)
            throw new OperatingException($"{path}: a frame has {frame.Cols}x{frame.Rows} pixels, unlike the one before it");
        tracked.Next(frame, frames);
        tracked.CopyTo(segmenter.Result);
    }

    public void Dispose()
    {
        segmenter.Dispose();
        refiner.Dispose();
        lines.Dispose();
    }
}
