using System.Diagnostics;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>
/// Segments photographs and videos one after the other; a bad one is reported and the others are segmented all the same.
/// </summary>
internal sealed class PhotoSegmentation : IDisposable
{
    private readonly SegmentSettings settings;
    private readonly PictureSegmenter segmenter;
    private readonly MaskLines lines;
    private readonly PhotoReader reader;

    /// <param name="model">The model in use.</param>
    /// <param name="settings">What is made of each.</param>
    public PhotoSegmentation(LoadedModel model, SegmentSettings settings)
    {
        this.settings = settings;
        segmenter = new PictureSegmenter(model, settings);
        lines = new MaskLines(model.Info, settings);
        reader = new() { ForcedBitDepth = settings.BitDepth };
    }

    /// <summary>The exit code.</summary>
    /// <param name="inputs">Photographs and videos.</param>
    /// <param name="videos">Which of them are videos.</param>
    /// <param name="files">Where the results go.</param>
    /// <param name="empty">Notes those in which nothing was found.</param>
    /// <param name="cancel">Ends the run after the picture in progress.</param>
    public int Run(string[] inputs, bool[] videos, OutputFiles files, EmptyList empty, CancellationToken cancel)
    {
        var failed = 0;
        using (var bar = new ProgressBar("segment"))
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                cancel.ThrowIfCancellationRequested();
                try
                {
                    if (videos[i])
                        new VideoSegmentation(settings, segmenter, lines).Run(inputs[i], [.. files.For(i)], empty, cancel);
                    else
                        Photo(inputs[i], i + 1, [.. files.For(i)], empty);
                }
                catch (OperatingException e)
                {
                    failed++;
                    Verbs.Fail(e.Message);
                }

                if (inputs.Length > 1)
                    bar.Show(i + 1, inputs.Length);
            }
        }

        if (inputs.Length > 1 || videos[0])
            Console.Error.WriteLine(empty.Summary(videos.Contains(true) ? "photographs and frames" : "photographs", failed));
        return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private void Photo(string path, int sequence, string[] outputs, EmptyList empty)
    {
        var started = Stopwatch.GetTimestamp();
        using var pixels = reader.Read(path);
        if (reader.Warning.Length > 0)
            Console.Error.WriteLine($"edgeseg: {reader.Warning}");
        var result = segmenter.Result;
        result.Times = StageTimes.None;
        result.Times.Close(Stage.Capture, started);
        var picture = new LinePicture(path, sequence, pixels.Cols, pixels.Rows)
        {
            Outputs = outputs,
            BitDepth = reader.BitDepth > 8 ? reader.BitDepth : null,
        };
        if (settings.AutomaticMasks is not null)
        {
            All(picture, pixels, started, empty);
            return;
        }

        segmenter.One(path, pixels);
        if (settings.HasOverlay)
        {
            using var overlay = Overlay.Draw(pixels, result.Found ? result.Mask : null, result.Prompt, result.Label);
            SavePicture(outputs[0], overlay);
        }

        if (settings.HasPng)
            OutputFiles.Write(outputs[^1], MaskMat.ToPng(result.Mask));
        lines.Write(picture, result, started);
        empty.Add(path, null, result.Found);
    }

    /// <summary>A line for each thing in the picture, surest first; one picture of all.</summary>
    private void All(LinePicture picture, Mat pixels, long started, EmptyList empty)
    {
        var found = segmenter.All(pixels);
        if (settings.HasOverlay)
        {
            using var overlay = AutomaticMaskOverlay.Draw(pixels, found);
            SavePicture(picture.Outputs[0], overlay);
        }

        Console.Error.WriteLine($"{picture.Path}: {found.Count} masks from {segmenter.PointsDone} points");
        if (found.Count == 0)
            Console.Error.WriteLine(
                "  no mask passed --pred-iou-thresh and --stability-score-thresh, or --min-score and --min-area: lower them, or measure "
                    + "the bundle's with edgeseg model calibrate"
            );
        for (var i = 0; i < found.Count; i++)
        {
            segmenter.Take(found[i], pixels);
            lines.Write(picture with { Of = (i, found.Count) }, segmenter.Result, started);
        }

        empty.Add(picture.Path, null, found.Count > 0);
    }

    private static void SavePicture(string file, Mat picture)
    {
        if (!Cv2.ImEncode(".png", picture, out var bytes))
            throw new OperatingException($"{file}: OpenCV cannot encode the picture");
        OutputFiles.Write(file, bytes);
    }

    public void Dispose()
    {
        segmenter.Dispose();
        lines.Dispose();
    }
}
