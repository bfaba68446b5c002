using System.Diagnostics;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>
/// <c>edgeseg segment VIDEO</c>: the masks of every Nth frame, each frame by itself, as JSON lines, as a folder of PNG files and as an
/// overlay video.
/// </summary>
internal sealed class VideoSegmentation(SegmentSettings settings, PictureSegmenter segmenter, MaskLines lines)
{
    /// <param name="path">A video file.</param>
    /// <param name="outputs">The overlay video, then the folder of masks, as far as they are asked for.</param>
    /// <param name="empty">Notes the frames in which nothing was found.</param>
    /// <param name="cancel">Ends the run after the frame in progress.</param>
    /// <exception cref="OperatingException">The video cannot be read, a result cannot be written, or the prompt does not
    /// suit.</exception>
    public void Run(string path, string[] outputs, EmptyList empty, CancellationToken cancel)
    {
        using var video = new VideoFrames(path);
        using var overlay = settings.HasOverlay ? new MjpegAvi(outputs[0], video.Fps / settings.Every, mayReplace: true) : null;
        var masks = settings.HasPng ? outputs[^1] : null;
        var isFirst = true;
        using var bar = new ProgressBar("segment");
        while (video.Read(settings.Every) is { } frame)
        {
            cancel.ThrowIfCancellationRequested();
            using (frame)
                Frame(path, new Messages.VideoFrame(video.Number, video.TimeS), frame, overlay, masks, isFirst, empty);
            isFirst = false;
            bar.Show((int)video.Number, Math.Max((int)video.Number, video.Count));
        }

        video.CheckWhole();
    }

    private void Frame(string path, Messages.VideoFrame number, Mat frame, MjpegAvi? overlay, string? masks, bool isFirst, EmptyList empty)
    {
        var started = Stopwatch.GetTimestamp();
        var result = segmenter.Result;
        result.Times = StageTimes.None;
        var picture = new LinePicture(path, number.Number, frame.Cols, frame.Rows) { Video = number };
        if (settings.AutomaticMasks is not null)
        {
            var found = segmenter.All(frame);
            if (overlay is not null)
            {
                using var drawn = AutomaticMaskOverlay.Draw(frame, found);
                overlay.Add(drawn);
            }

            for (var i = 0; i < found.Count; i++)
            {
                segmenter.Take(found[i], frame);
                lines.Write(picture with { Of = (i, found.Count) }, result, started);
            }

            empty.Add(path, number.Number, found.Count > 0);
            return;
        }

        segmenter.One($"{path}, frame {number.Number}", frame);
        if (overlay is not null)
        {
            using var drawn = Overlay.Draw(frame, result.Found ? result.Mask : null, result.Prompt, result.Label);
            overlay.Add(drawn);
        }

        if (masks is not null)
        {
            // not before there is a mask to write: a prompt that does not suit leaves the masks of the run before
            if (isFirst)
                OutputFiles.ClearNumbered(masks);
            var file = Path.Combine(masks, OutputFiles.Numbered(number.Number));
            OutputFiles.Write(file, MaskMat.ToPng(result.Mask));
            picture = picture with { Outputs = [file] };
        }

        lines.Write(picture, result, started);
        empty.Add(path, number.Number, result.Found);
    }
}
