using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Tracking;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>
/// <c>edgeseg segment VIDEO --follow</c>: an object of the first frame in each frame, as JSON lines and as an overlay video.
/// </summary>
internal sealed class VideoFollowing : IDisposable
{
    private readonly LoadedModel model;
    private readonly PromptBuffer? prompt;
    private readonly string folder;
    private readonly bool isJson,
        isOverlay;
    private readonly Embedding embedding;
    private readonly ZoomSegmenter zoom;
    private readonly MaskRefiner refiner;
    private readonly Segmentation result = new();
    private readonly MaskWriter writer;
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly string session = FrameId.NewSession();

    /// <param name="model">At work.</param>
    /// <param name="prompt">For the first frame; null: its salient object.</param>
    /// <param name="formats">Of <c>json, overlay, polygon</c>.</param>
    /// <param name="folder">For the overlay video; made when there is one to write.</param>
    /// <param name="isZoomOn">For the first frame; see <see cref="ZoomSegmenter"/>.</param>
    public VideoFollowing(LoadedModel model, PromptBuffer? prompt, IReadOnlyCollection<string> formats, string folder, bool isZoomOn)
    {
        (this.model, this.prompt, this.folder) = (model, prompt, folder);
        isJson = formats.Contains("json") || formats.Contains("polygon");
        isOverlay = formats.Contains("overlay");
        embedding = model.Segmenter.CreateEmbedding();
        zoom = new ZoomSegmenter(model.Segmenter, isZoomOn);
        refiner = new MaskRefiner(model.Segmenter);
        writer = new MaskWriter { PolygonTolerancePx = formats.Contains("polygon") ? 1 : null };
    }

    /// <summary>The exit code: failure when the first frame does not show the object.</summary>
    public int Run(string path)
    {
        using var video = new VideoFrames(path);
        using var overlay = isOverlay ? CreateOverlay(path, video.Fps) : null;
        using var frames = new FramePair();
        using var tracked = new TrackedObject(refiner);
        using var bar = new ProgressBar("follow");
        int count = 0,
            seen = 0;
        while (video.Read() is { } frame)
        {
            using (frame)
            {
                var started = Stopwatch.GetTimestamp();
                frames.Advance(frame);
                if (count == 0)
                {
                    if (!TryStart(path, frame, tracked))
                        return ExitCode.Failed;
                }
                else
                    Follow(path, frame, frames, tracked);
                count++;
                if (tracked.State == TrackState.Tracking)
                    seen++;
                Write(path, count, frame, tracked, video.Fps, started);
                if (overlay is not null)
                {
                    var label = $"{tracked.State.ToString().ToLowerInvariant()}  {result.Label}";
                    using var picture = Overlay.Draw(frame, result.Found ? result.Mask : null, result.Prompt, label);
                    overlay.Add(picture);
                }

                result.Prompt.Clear();
                bar.Show(count, Math.Max(count, video.Count));
            }
        }

        Console.Error.WriteLine($"{path}: {count} frames, the object seen in {seen}");
        return ExitCode.Ok;
    }

    private MjpegAvi CreateOverlay(string path, double fps)
    {
        Directory.CreateDirectory(folder);
        return new MjpegAvi(
            Path.Combine(folder, Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path)) + "-overlay.avi"),
            fps
        );
    }

    private bool TryStart(string path, Mat frame, TrackedObject tracked)
    {
        model.Segmenter.Encode(frame, embedding, ref result.Times);
        if (prompt is null)
            zoom.Auto(frame, embedding, result);
        else
        {
            var refusal =
                PromptRules.RefuseNegative(prompt, model.Segmenter.AcceptsNegativeClicks)
                ?? PromptRules.Check(prompt, frame.Cols, frame.Rows, model.Segmenter.MaxPoints);
            if (refusal is not null)
                throw new OperatingException($"{path}: {refusal}");
            result.Prompt.CopyFrom(prompt);
            zoom.Decode(frame, embedding, result);
        }

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
        tracked.CopyTo(result);
    }

    private void Write(string path, int sequence, Mat frame, TrackedObject tracked, double fps, long started)
    {
        if (!isJson)
            return;
        var facts = new MaskInfo
        {
            Source = path,
            Track = new TrackInfo("1", tracked.Age, tracked.State),
            Device = "local",
            Camera = "video",
            Session = session,
            Number = sequence,
            Sequence = sequence,
            CapturedUtc = File.GetLastWriteTimeUtc(path),
            CapturedNs = (long)((sequence - 1) / fps * 1e9),
            TimeSource = "file",
            ClockSynced = true,
            Width = frame.Cols,
            Height = frame.Rows,
            Model = model.Info,
            Saliency = result.Saliency,
            AgeMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            Drops = 0,
            Degraded = false,
        };
        output.Write(writer.Write(facts, result, int.MaxValue));
        output.WriteByte((byte)'\n');
        output.Flush();
    }

    public void Dispose()
    {
        refiner.Dispose();
        zoom.Dispose();
        embedding.Dispose();
        writer.Dispose();
        output.Dispose();
    }
}
